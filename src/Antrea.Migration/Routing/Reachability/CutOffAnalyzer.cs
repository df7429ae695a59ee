using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>Tells which of a cluster's Pods, workloads and Services would be cut off from whom by overlapping addresses, once Antrea runs
/// beside Calico.</summary>
/// <remarks>
/// <para>About the Pods of the snapshot: a Calico Pod whose address lies in a PodCIDR, and an Antrea Pod whose address lies in a range
/// of Calico's. A Pod that goes through Multus keeps a Calico address, so what is said of Calico Pods goes for it too.
/// Who cannot reach whom for other reasons (a plain Calico Pod an Antrea Pod) is not listed here.</para>
/// <para>Every answer is <see cref="ReachabilityPredictor"/>'s, asked once for each class of senders and group of Pods alike. Pure and
/// thread-safe.</para>
/// </remarks>
public static class CutOffAnalyzer
{
    /// <summary>Analyses a snapshot.</summary>
    /// <param name="snapshot">The cluster.</param>
    /// <param name="model">How its packets travel, usually <see cref="ReachabilityModel.FromSnapshot"/> with the modes set. Pods on Nodes that
    /// the model lacks are left out.</param>
    /// <param name="cancellationToken">Ends the analysis early.</param>
    /// <exception cref="ArgumentException">Two Nodes of the model have the same name.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static CutOffAnalysis Analyze(ClusterSnapshot snapshot, ReachabilityModel model, CancellationToken cancellationToken = default) =>
        Analyze(snapshot, model, cancellationToken, out _);

    /// <param name="snapshot">The cluster.</param>
    /// <param name="model">How its packets travel.</param>
    /// <param name="cancellationToken">Ends the analysis early.</param>
    /// <param name="questions">How often the predictor was asked.</param>
    internal static CutOffAnalysis Analyze(ClusterSnapshot snapshot, ReachabilityModel model, CancellationToken cancellationToken, out int questions)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(model);
        var losses = new CutOffLosses(model);
        ImmutableArray<PodInfo> pods = [.. snapshot.Pods.Where(p => !p.HasEnded && !p.PodIPs.IsEmpty)];
        var lost = new string?[pods.Length];
        var given = new CalicoPodAddresses(snapshot);
        var asked = new List<(int Pod, IPAddress Address, int Place)>();
        for (var i = 0; i < pods.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!CalicoPodAddresses.HasNetwork(pods[i]))
            {
                continue;
            }

            foreach (var address in pods[i].PodIPs)
            {
                if (PlaceOf(losses, given, pods[i], address) is { } place)
                {
                    asked.Add((i, address, place));
                }
            }
        }

        var lists = new NetworkLists();
        var unreachable = ImmutableArray.CreateBuilder<UnreachablePod>();
        var answers = losses.Answer(cancellationToken);
        foreach (var (pod, address, place) in asked.Where(a => !answers[a.Place].IsEmpty))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (name, node, text) = (pods[pod].ToString(), pods[pod].NodeName, address.ToString());
            foreach (var loss in answers[place])
            {
                unreachable.Add(new UnreachablePod(name, node, text, loss.From, loss.Reason));
                lost[pod] = lists.Join(lost[pod], loss.Networks);
            }
        }

        var workloads = Workloads(snapshot, pods, lost, lists);
        var services = Services(snapshot, pods, lost, lists, cancellationToken);
        questions = losses.Questions;
        return new CutOffAnalysis
        {
            Unreachable = unreachable.ToImmutable(),
            Workloads = workloads,
            Services = services,
            Findings = CutOffFindings.Collect(workloads, services, model),
        };
    }

    private static int? PlaceOf(CutOffLosses losses, CalicoPodAddresses given, PodInfo pod, IPAddress address) =>
        !losses.IsInPodCidr(address) ? null
        : given.Gave(pod, address) ? losses.OfCalico(pod.NodeName, address)
        : losses.OfAntrea(pod.NodeName, address);

    private static ImmutableArray<CutOffGroup> Workloads(
        ClusterSnapshot snapshot, ImmutableArray<PodInfo> pods, string?[] lost, NetworkLists lists)
    {
        if (Array.TrueForAll(lost, l => l is null))
        {
            return [];
        }

        var owners = new WorkloadOwners(snapshot);
        var groups = new Dictionary<WorkloadOwner, (int CutOff, int Total, string? From)>();
        for (var i = 0; i < pods.Length; i++)
        {
            var owner = owners.Of(pods[i]);
            var group = groups.GetValueOrDefault(owner);
            groups[owner] = (group.CutOff + (lost[i] is null ? 0 : 1), group.Total + 1, lists.Join(group.From, lost[i]));
        }

        return
        [
            .. groups.Where(g => g.Value.CutOff > 0)
                .Select(g => new CutOffGroup(g.Key.Kind, g.Key.Namespace, g.Key.Name, g.Value.CutOff, g.Value.Total, g.Value.From!))
                .OrderBy(g => g.Namespace, StringComparer.Ordinal)
                .ThenBy(g => g.Name, StringComparer.Ordinal)
                .ThenBy(g => g.Kind, StringComparer.Ordinal),
        ];
    }

    private static ImmutableArray<CutOffGroup> Services(
        ClusterSnapshot snapshot, ImmutableArray<PodInfo> pods, string?[] lost, NetworkLists lists, CancellationToken cancellationToken)
    {
        if (Array.TrueForAll(lost, l => l is null))
        {
            return [];
        }

        var groups = ImmutableArray.CreateBuilder<CutOffGroup>();
        foreach (var (service, selected, _) in ServiceEndpoints.Of(snapshot, pods))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var cutOff = selected.Count(i => lost[i] is not null);
            if (cutOff > 0)
            {
                var from = selected.Aggregate((string?)null, (sum, i) => lists.Join(sum, lost[i]));
                groups.Add(new CutOffGroup("Service", service.Namespace, service.Name, cutOff, selected.Count, from!));
            }
        }

        return
        [
            .. groups.OrderBy(g => g.Namespace, StringComparer.Ordinal).ThenBy(g => g.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>Lists of networks; there are few, however many Pods they are for.</summary>
    private sealed class NetworkLists
    {
        private const string And = " and ";

        private readonly Dictionary<(string One, string Other), string> _joined = [];

        /// <summary>Both in one, each network named once.</summary>
        public string? Join(string? one, string? other)
        {
            if (one is null || other is null || one == other)
            {
                return one ?? other;
            }

            if (!_joined.TryGetValue((one, other), out var joined))
            {
                _joined.Add((one, other), joined = string.Join(And, one.Split(And).Union(other.Split(And), StringComparer.Ordinal)));
            }

            return joined;
        }
    }
}
