using Antrea.Migration.Addressing;

namespace Antrea.Migration.CalicoApi;

/// <summary>A Node's claim to a block. A pending claim holds no address yet but reserves the range.</summary>
/// <param name="Node">The Node's name.</param>
/// <param name="Cidr">The block.</param>
/// <param name="State"><c>pending</c>, <c>confirmed</c>, <c>pendingDeletion</c> or empty.</param>
public sealed record BlockAffinity(string Node, Cidr Cidr, string State)
{
    /// <summary>Whether the claim is confirmed; only then does the block exist for certain.</summary>
    public bool IsConfirmed => State == "confirmed";
}
