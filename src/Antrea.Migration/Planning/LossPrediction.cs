using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>Asks the reachability rules about every pair of Nodes and Pods, for each mixture of networks that a plan goes through.</summary>
/// <remarks>The cluster is taken as it is once Calico has left the PodCIDRs; the addresses that moved Pods will have are made up, inside the
/// new pools. Costs O(n log n) in the number of Pods, since pairs are answered by class.</remarks>
internal static class LossPrediction
{
    public static ImmutableArray<PredictedLoss> Of(ClusterSnapshot snapshot, BridgeStrategy bridge, Readdressing? readdressing, IEnumerable<ClusterObject> antreaManifest)
    {
        var planned = readdressing is null ? snapshot : Move(snapshot, readdressing);
        var model = bridge.Adapt(ReachabilityModel.Planned(planned, antreaManifest));
        var ends = MigrationEndpoints.Of(planned);
        return
        [
            .. bridge.Mixtures.SelectMany(mixture => ReachabilityMatrix
                .Build(model, ends.Where(e => e.Kind == PodNetworkKind.Host || mixture.Kinds.Contains(e.Kind))).Cells
                .Where(c => c.Answer.Verdict != ReachabilityVerdict.Reachable)
                .Select(c => new PredictedLoss(mixture.Phase, c.From.ToString(), c.To.ToString(), c.Place, c.Pairs, c.Answer.Reason))),
        ];
    }

    /// <summary>The snapshot with the addresses that move in the new pools, and without what is given up.</summary>
    public static ClusterSnapshot Move(ClusterSnapshot snapshot, Readdressing readdressing)
    {
        var ipam = snapshot.CalicoIpam;
        var old = ipam.Pools.Where(p => readdressing.OldPools.Contains(p.Name)).ToList();
        var ranges = new CidrSet(readdressing.Ranges);
        var taken = UInt128.Zero;
        return snapshot with
        {
            Pods = [.. snapshot.Pods.Select(p => ReaddressingSteps.HasClash(p, ranges) ? Moved(p) : p)],
            Nodes = [.. snapshot.Nodes.Select(n => n with { CalicoTunnelAddresses = [.. n.CalicoTunnelAddresses.Select(Tunnel)] })],
            CalicoIpam = ipam with
            {
                Pools =
                [
                    .. ipam.Pools.Except(readdressing is { DeletesOldPools: true, EmptiesOldPools: true } ? old : []),
                    .. readdressing.Pools.Select(n => (ipam.Pools.FirstOrDefault(p => p.Name == n.Replaces)
                        ?? ipam.Pools.First()) with { Name = n.Name, Cidr = n.Cidr, BlockSize = n.BlockSize, Disabled = false }),
                ],
                Blocks =
                [
                    .. ipam.Blocks.Where(b => !ranges.Overlaps(b.Cidr))
                        .Select(b => b with { Allocations = [.. b.Allocations.Where(a => !a.IsTunnel)] }),
                ],
                Affinities = [.. ipam.Affinities.Where(a => !ranges.Overlaps(a.Cidr))],
            },
        };

        PodInfo Moved(PodInfo pod)
        {
            ImmutableArray<IPAddress> addresses = [.. pod.PodIPs.Select(a => ranges.Contains(a) ? Next(a.AddressFamily) ?? a : a)];
            return pod with { PodIPs = addresses, Annotations = pod.Annotations.SetItem("cni.projectcalico.org/podIPs", string.Join(',', addresses)) };
        }

        IPAddress Tunnel(IPAddress address) => old.Exists(p => p.Cidr.Contains(address)) ? Next(address.AddressFamily) ?? address : address;

        // From the pool's end; there are as many as Pods and Nodes, or the pool would not have been suggested.
        IPAddress? Next(AddressFamily family)
        {
            var pool = readdressing.Pools.FirstOrDefault(p => p.Cidr.FirstAddress.AddressFamily == family);
            return pool is null ? null : pool.Cidr.AddressAt(pool.Cidr.AddressCount - 1 - taken++);
        }
    }
}
