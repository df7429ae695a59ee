using System.Collections.Immutable;
using System.Numerics;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.Scenarios;

/// <summary>Lab clusters by name. The name decides which blocks Calico gives the Nodes, and with that how many overlap PodCIDRs.</summary>
/// <remarks>With the default ranges and 20 workers: <c>c2a6</c> none, <c>c2a4</c> one, <c>c2a0</c> two, <c>test</c> and
/// <c>kind</c> three, <c>c2a2</c> four, <c>c2a9</c> five, <c>crowded</c> all. Every other name is a cluster too.</remarks>
public static class LabScenario
{
    /// <summary>Twenty workers, no block overlaps a PodCIDR: truly simple.</summary>
    public const string Simple = "c2a6";

    /// <summary>The seed's own cluster: three blocks overlap, those of worker3, worker5 and worker11.</summary>
    public const string Seed = "test";

    /// <summary>Calico's pool lies wholly in PodCIDRs: every Node's block overlaps one.</summary>
    public const string Crowded = "crowded";

    // In the seed's route table worker2 holds 10.10.9.0/24, and the three overlapped Nodes have these addresses.
    private static readonly ImmutableArray<(int Node, int Place)> SeedPodCidrs = [(2, 9)];
    private static readonly ImmutableArray<(int Node, int Place)> SeedAddresses = [(3, 17), (5, 13), (11, 4)];

    /// <summary>Calico's default pool where the options name none: the Pod subnet, as on KinD. Of <see cref="Crowded"/> the largest prefix
    /// that the Nodes' PodCIDRs fill.</summary>
    internal static Cidr CalicoPool(string name, Cidr podSubnet, int nodes) => name == Crowded
        ? podSubnet.Subnet(Math.Max(podSubnet.PrefixLength, 24 - BitOperations.Log2((uint)nodes)), 0)
        : podSubnet;

    /// <summary>For each Node, control plane first, the place of its PodCIDR in the Pod subnet: in order of registration.</summary>
    internal static ImmutableArray<int> PodCidrPlaces(string name, int nodes) => Places(nodes, name == Seed ? SeedPodCidrs : []);

    /// <summary>For each Node, control plane first, the place of its address behind 172.18.0.2.</summary>
    internal static ImmutableArray<int> AddressPlaces(string name, int nodes) => Places(nodes, name == Seed ? SeedAddresses : []);

    private static ImmutableArray<int> Places(int nodes, ImmutableArray<(int Node, int Place)> swaps)
    {
        var places = Enumerable.Range(0, nodes).ToArray();
        foreach (var (node, place) in swaps.Where(s => s.Node < nodes && s.Place < nodes))
        {
            var other = Array.IndexOf(places, place);
            (places[node], places[other]) = (places[other], places[node]);
        }

        return [.. places];
    }
}
