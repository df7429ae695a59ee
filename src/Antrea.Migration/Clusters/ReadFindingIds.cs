namespace Antrea.Migration.Clusters;

/// <summary>The ids of what reading a cluster can find.</summary>
internal static class ReadFindingIds
{
    /// <summary>A value was left out because it cannot be understood.</summary>
    public const string ValueUnreadable = "value-unreadable";

    /// <summary>The same object was given more than once; the last one counts.</summary>
    public const string DuplicateObject = "duplicate-object";

    /// <summary>Secrets were among the objects and were not looked at.</summary>
    public const string SecretsLeftOut = "secrets-left-out";

    /// <summary>No object says where Service addresses come from.</summary>
    public const string ServiceCidrUnknown = "service-cidr-unknown";

    /// <summary>Two places name different Service CIDRs.</summary>
    public const string ServiceCidrDisagreement = "service-cidr-disagreement";

    /// <summary>A block's allocation points at no attribute, so nobody knows who uses the address.</summary>
    public const string AllocationWithoutOwner = "ipam-allocation-without-owner";

    /// <summary>The API server does not serve a group.</summary>
    public const string ApiNotServed = "api-not-served";

    /// <summary>The API server announces a group but cannot answer for it.</summary>
    public const string ApiUnavailable = "api-unavailable";
}
