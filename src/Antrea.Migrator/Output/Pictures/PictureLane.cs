using System.Collections.Immutable;
using Antrea.Migration.Addressing;

namespace Antrea.Migrator.Output.Pictures;

/// <summary>One row of the picture.</summary>
/// <param name="Name">What stands on its left.</param>
/// <param name="Look">A class of the style sheet.</param>
/// <param name="Uses">Whose ranges it holds; none for the suggested pools.</param>
/// <param name="Surrounds">Whether its ranges only say what the others are cut from: their unused parts get no room.</param>
internal sealed record PictureLane(string Name, string Look, ImmutableArray<AddressUse> Uses, bool Surrounds = false)
{
    /// <summary>From top to bottom: what may clash is near each other.</summary>
    public static readonly ImmutableArray<PictureLane> All =
    [
        new("IPPools", "pool", [AddressUse.Pool], Surrounds: true),
        new("Calico blocks", "block", [AddressUse.Block, AddressUse.PendingAffinity]),
        new("Calico addresses", "address", [AddressUse.BorrowedAddress, AddressUse.TunnelAddress, AddressUse.PodAddress]),
        new("PodCIDRs", "podcidr", [AddressUse.PodCidr]),
        new("Cluster CIDR", "podcidr", [AddressUse.ClusterCidr], Surrounds: true),
        new("Service CIDR", "service", [AddressUse.ServiceCidr]),
        new("Node addresses", "node", [AddressUse.NodeAddress]),
        new("Node networks", "node", [AddressUse.NodeNetwork], Surrounds: true),
        new("Outside", "outside", [AddressUse.External], Surrounds: true),
        new("Kept by others", "outside", [AddressUse.Kept], Surrounds: true),
        new("Suggested pools", "suggested", []),
    ];

    public static int IndexOf(AddressUse use)
    {
        for (var i = 0; i < All.Length; i++)
        {
            if (All[i].Uses.Contains(use))
            {
                return i;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(use), use, "No lane holds this use.");
    }

    /// <summary>A range with its use and owner, for example <c>10.10.4.0/24 PodCIDR of Node a</c>.</summary>
    public static string Words(AddressRange range) => $"{range.Cidr} " + range.Use switch
    {
        AddressUse.Pool => $"IPPool {range.Owner}",
        AddressUse.Block => range.Owner is null ? "Calico block of no Node" : $"Calico block of Node {range.Owner}",
        AddressUse.PendingAffinity => $"claimed for Calico by Node {range.Owner}, without a block",
        AddressUse.BorrowedAddress => $"Calico address used on Node {range.Owner}, away from its block",
        AddressUse.TunnelAddress => $"Calico tunnel address of Node {range.Owner}",
        AddressUse.PodAddress => $"address of a Calico Pod on Node {range.Owner}, in no block",
        AddressUse.PodCidr => $"PodCIDR of Node {range.Owner}",
        AddressUse.ClusterCidr => "cluster CIDR, which PodCIDRs are cut from",
        AddressUse.ServiceCidr => "Service CIDR",
        AddressUse.NodeAddress => $"address of Node {range.Owner}",
        AddressUse.NodeNetwork => $"subnet of Node {range.Owner}",
        AddressUse.Kept => $"had or kept by {range.Owner}",
        _ => range.Owner is null ? "network outside the cluster" : $"address of {range.Owner}",
    };
}
