namespace Antrea.Migration.Policies.Conversion;

/// <summary>What a conversion must know beyond the snapshot.</summary>
public sealed record PolicyConversionOptions
{
    /// <summary>The Calico version that enforces the policies, as Calico prints it (<c>v3.26.1</c>); null takes it from the
    /// snapshot's ClusterInformation. It decides about tiers and ties.</summary>
    public string? CalicoVersion { get; init; }

    /// <summary>The Antrea version that will enforce them, as Antrea prints it (<c>v2.7.0</c>); 1.14 or later.</summary>
    public string AntreaVersion { get; init; } = "v2.7.0";
}
