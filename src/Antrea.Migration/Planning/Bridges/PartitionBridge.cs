using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>No bridge: Calico stays where it is, in the PodCIDRs, and the Nodes leave it in two parts.</summary>
/// <remarks>
/// A Calico block in a PodCIDR shadows Antrea's addresses for every Node that has a route to it, the Pod's own kubelet among them. So a Node loses Calico's agent and its routes before
/// its Pods become Antrea Pods; and it gets Antrea's agent not before its turn, since that one's gateway and routes take addresses that Calico Pods may have. What goes
/// on on the other Nodes is not touched by either.
/// </remarks>
/// <param name="partition">The parts; null where there are not two.</param>
internal sealed class PartitionBridge(NodePartition? partition) : BridgeStrategy
{
    /// <summary>The finding that stands for what a person has to agree to.</summary>
    public const string Consent = "partition-breaks-flows";

    /// <summary>What nobody can agree to: without these there is no partition.</summary>
    public static readonly FrozenSet<string> Refusals = new[] { "partition-impossible", "operator-keeps-calico-node", "pool-without-nat-outgoing", "flow-without-pods" }.ToFrozenSet();

    private const int FlowsNamed = 10;
    private const int ObjectsNamed = 3;

    public override BridgeKind Kind => BridgeKind.Partition;

    /// <summary>The parts; null where there are not two.</summary>
    public NodePartition? Partition { get; } = partition;

    public override string Needs => "somebody's consent to what breaks";

    public override string Costs => "one restart a Pod, and every connection between the two parts until both have moved";

    public override ImmutableArray<(PodNetworkKind From, PodNetworkKind To)> Mends => [];

    public override ImmutableArray<(MigrationPhase Phase, ImmutableArray<PodNetworkKind> Kinds)> Mixtures => [];

    public override ReachabilityModel Adapt(ReachabilityModel model) => model;

    public override IEnumerable<Finding> Check(ClusterSnapshot snapshot, MigrationOptions options)
    {
        if (Partition is not { } parts)
        {
            yield return new Finding(
                "partition-impossible",
                Severity.Blocker,
                "Cluster",
                options.FirstPart.IsEmpty
                    ? $"The cluster has {snapshot.Nodes.Length} Nodes; it takes two to part them"
                    : $"The first part is to be {string.Join(", ", options.FirstPart)}; that must be some, and not all, of the cluster's Nodes",
                "Name some of the Nodes with --first-part, or none, and plan again");
            yield break;
        }

        if (snapshot.OfKind("operator.tigera.io", "Installation").FirstOrDefault() is { } installation)
        {
            yield return new Finding(
                "operator-keeps-calico-node",
                Severity.Blocker,
                installation.ToString(),
                "calico-node must be kept off Nodes that have moved, and the Tigera operator writes its DaemonSet back",
                "Use another bridge: with Calico out of the PodCIDRs all of them work");
        }

        foreach (var pool in snapshot.CalicoIpam.Pools.Where(p => !p.NatOutgoing))
        {
            yield return new Finding(
                "pool-without-nat-outgoing",
                Severity.Blocker,
                $"IPPool/{pool.Name}",
                "The pool does not masquerade what leaves it (natOutgoing is off): a Node that has moved has no way back to its Pods, so these would reach neither it nor an API server on it",
                "Turn natOutgoing on, or use another bridge");
        }

        foreach (var end in WorkloadFlows.WithoutPods(snapshot, options.Flows))
        {
            yield return new Finding(
                "flow-without-pods", Severity.Blocker, end, "A flow was named with --flow from or to it, and it has no Pod on the Pod network", "Name workloads as KIND/NAMESPACE/NAME, and plan again");
        }

        if (SharedAddresses(snapshot) is { } shared)
        {
            yield return shared;
        }

        foreach (var policy in snapshot.Objects.Where(o => o.Group.EndsWith("projectcalico.org", StringComparison.Ordinal) && o.Kind is "NetworkPolicy" or "GlobalNetworkPolicy"))
        {
            if (policy.Json.ItemsAt("spec", "ingress").Any(r => Excludes(r, "source")) || policy.Json.ItemsAt("spec", "egress").Any(r => Excludes(r, "destination")))
            {
                yield return new Finding(
                    "partition-freezes-denials",
                    Severity.Blocker,
                    policy.ToString(),
                    "The policy denies by who the peer is. While a Node's Pods restart, calico-node has left it, and its rules do not learn the addresses of Pods that have restarted: such "
                    + "a Pod may get through, on the same Node, to one that has not",
                    "Deny all but what is allowed, instead of denying peers, for the time of the migration; or ignore this id to accept it for the time that the Pods of a Node take to restart");
            }
        }

        foreach (var flow in parts.BrokenFlows.Where(f => f.From == WorkloadFlows.ApiServer))
        {
            yield return new Finding(
                "partition-parts-api-server-from-extension",
                Severity.Blocker,
                flow.To,
                $"The API server asks it, and {flow.BrokenPairs} of {flow.Pairs} pairs of both are parted: writes may fail, those of the migration among them",
                "Name a first part, with --first-part, that leaves all of them on one side; or ignore this id where the API server may do without");
        }

        foreach (var finding in NotInTheMinutes(snapshot, options, parts))
        {
            yield return finding;
        }

        var named = parts.BrokenFlows.Take(FlowsNamed).Select(f => $"{f.From} → {f.To} ({f.BrokenPairs} of {f.Pairs} pairs)").ToList();
        yield return new Finding(
            Consent,
            Severity.Blocker,
            "Cluster",
            $"{string.Join(", ", parts.FirstPart)} {(parts.FirstPart.Length == 1 ? "goes" : "go")} first. Until the other {parts.Rest.Length} Nodes have followed, no Pod there reaches one of these, nor the other way round: "
            + $"{parts.BrokenFlows.Length} of {parts.Flows} flows between workloads break"
            + (named.Count == 0 ? "" : $": {string.Join("; ", named)}{(parts.BrokenFlows.Length > FlowsNamed ? $"; and {parts.BrokenFlows.Length - FlowsNamed} more" : "")}")
            + $". That is for about {Minutes(parts.TimeApart)}, and for as long as the hold point between lasts. Within a part Pods miss each other while they restart, about {Minutes(parts.FirstPartTime)} in the first "
            + $"and {Minutes(parts.RestTime)} in the other. Minutes are for {ExecutionOptions.DefaultNodesAtOnce} Nodes side by side (--nodes-at-once); hooks, and what an error budget makes wait, come on top",
            $"Take a new IPPool instead (any other --bridge), where there is free space for one; name another first part; or agree with --ignore {Consent}");
    }

    public override void PutInFront(StepList steps)
    {
        steps.ForEachNode(MigrationPhase.Bridge, MigrationStepKind.HoldCalico, "Put a copy of Calico's CNI file first", Reversibility.Reversible);
        steps.ForEachNode(MigrationPhase.Bridge, MigrationStepKind.DeferAntrea, "Label: antrea-agent stays away until the Node's turn", Reversibility.Reversible);
        steps.Add(MigrationPhase.Bridge, MigrationStepKind.ConfineCalico, "Let calico-node leave Nodes that are labelled for it", Reversibility.Reversible);
    }

    public override void MovePods(StepList steps, Readdressing? readdressing)
    {
        if (Partition is { } parts)
        {
            Move(steps, MigrationPhase.FirstPart, parts.FirstPart, parts.Rest, "HOLD: the two parts lose each other next, see the prediction below");
            Move(steps, MigrationPhase.SecondPart, parts.Rest, parts.FirstPart, "HOLD: the rest of the Nodes follows next; the parts are apart until it has");
        }
    }

    public override void LetGo(StepList steps)
    {
    }

    public override void CleanUp(StepList steps) =>
        steps.ForEachNode(MigrationPhase.RemoveCalico, MigrationStepKind.ReadmitCalico, "Remove the label that kept calico-node away", Reversibility.Reversible);

    private static void Move(StepList steps, MigrationPhase phase, ImmutableArray<string> nodes, ImmutableArray<string> others, string hold)
    {
        var isIn = nodes.ToHashSet(StringComparer.Ordinal);
        steps.Add(phase, MigrationStepKind.Hold, hold, Reversibility.ReadOnly);
        steps.Renew(
            phase,
            () =>
            {
                steps.ForEachNode(phase, MigrationStepKind.CordonNode, "Cordon, so that no Pod changes sides", Reversibility.Reversible, others);
                steps.ForEachNode(phase, MigrationStepKind.AdmitAntrea, "Remove the label that kept antrea-agent away", Reversibility.Reversible, nodes);
                steps.Add(phase, MigrationStepKind.InstallAntrea, "Wait for the agents of these Nodes", Reversibility.Reversible);
                steps.Add(phase, MigrationStepKind.ConvertPolicies, "Convert again what policies have changed, wait until these agents have them", Reversibility.Reversible);

                // From the first of these to the last a new Pod of the Node does not become ready.
                steps.NodeByNode(
                    phase,
                    nodes,
                    (MigrationStepKind.ReleaseHold, "Remove the copy: Antrea's file is first"),
                    (MigrationStepKind.StopCalico, "Label: calico-node leaves; its rules stay in force for Pods that it has wired"),
                    (MigrationStepKind.ClearRoutes, "Remove Calico's routes, which shadow Antrea's addresses"));
            },
            "Restart the Pods of these Nodes: they become Antrea Pods",
            p => isIn.Contains(p.NodeName));
        steps.Add(phase, MigrationStepKind.AssertPods, "Check that every Pod of these Nodes is an Antrea Pod", Reversibility.ReadOnly);
        if (phase == MigrationPhase.FirstPart)
        {
            steps.ForEachNode(phase, MigrationStepKind.CleanNode, "Remove what else Calico left there; calico-node would bring it back", Reversibility.Reversible, nodes);
        }

        steps.ForEachNode(phase, MigrationStepKind.UncordonNode, "Uncordon what was cordoned", Reversibility.Reversible, others);
    }

    /// <summary>Antrea gives Pods of a Node that has moved addresses that Pods of Calico's have, which both engines take for the same peer.</summary>
    private static Finding? SharedAddresses(ClusterSnapshot snapshot)
    {
        var blocks = snapshot.CalicoIpam.Blocks
            .SelectMany(b => snapshot.Nodes.Where(n => n.PodCidrs.Any(c => c.Overlaps(b.Cidr))).Select(n => $"{b.Cidr} of {b.Node ?? "no Node"} in the PodCIDR of {n.Name}"))
            .Take(ObjectsNamed).ToList();
        var policies = snapshot.Objects.Where(SelectsPeers).Select(o => o.ToString()).Take(ObjectsNamed).ToList();
        return blocks.Count == 0 || policies.Count == 0
            ? null
            : new Finding(
                "partition-shares-addresses",
                Severity.Blocker,
                "Cluster",
                $"Pods of Nodes that have moved get addresses that Calico's Pods have ({string.Join("; ", blocks)}; …). Policies that name Pods ({string.Join(", ", policies)}; …) take one for the other "
                + "while parts move and are apart: a connection may get through that is denied, and one be denied that is allowed",
                "Take a new IPPool instead (any other --bridge); or ignore this id to accept it for that time");
    }

    /// <summary>What a part may have to wait for, for as long as nobody can tell.</summary>
    private static IEnumerable<Finding> NotInTheMinutes(ClusterSnapshot snapshot, MigrationOptions options, NodePartition parts)
    {
        var order = new RestartOrder(snapshot);
        var limits = new RestartLimits(options.MaxUnavailable) { OnSomeNodes = true, InPlace = options.Restart == RestartMode.InPlace };
        foreach (var (part, nodes) in ((string, ImmutableArray<string>)[])[("the first part", parts.FirstPart), ("the rest", parts.Rest)])
        {
            var isIn = nodes.ToHashSet(StringComparer.Ordinal);
            var workloads = order.Of(snapshot.Pods.Where(p => WorkloadFlows.IsOnPodNetwork(p) && isIn.Contains(p.NodeName))).Select(w => (Workload: w, Rule: order.RuleOf(w, limits))).ToList();
            List<string> jobs = [.. workloads.Where(w => w.Rule.Manner == RestartManner.Wait).Select(w => w.Workload.ToString())];
            if (jobs.Count > 0)
            {
                yield return new Finding(
                    "partition-waits-for-jobs",
                    Severity.Warning,
                    "Cluster",
                    $"On Nodes of {part} run {Some(jobs)}. A part waits for the end of its Jobs, {Minutes(options.JobTimeout)} at most, with everything else of it moved already: that is not in the minutes predicted",
                    "Start when they have ended, or allow them less time with --job-timeout");
            }

            List<string> surging = [.. workloads.Where(w => w.Rule is { Manner: RestartManner.Roll, AtOnce: 0 }).Select(w => w.Workload.ToString())];
            if (surging.Count > 0)
            {
                yield return new Finding(
                    "partition-surges-within-a-part",
                    Severity.Warning,
                    "Cluster",
                    $"Of {Some(surging)} a successor must be ready before the Pod there is ends, on a Node of {part} ({Some(nodes)}), for the others are cordoned meanwhile. Where it finds no room there the "
                    + "part stands still: that is not in the minutes predicted",
                    "See that these Nodes have room for one Pod more of each, or name another first part");
            }
        }
    }

    private static string Some(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(ObjectsNamed)) + (names.Count > ObjectsNamed ? $" and {names.Count - ObjectsNamed} more" : "");

    private static bool SelectsPeers(ClusterObject policy) =>
        policy.Group == "policy.networking.k8s.io"
        || (policy is { Group: "networking.k8s.io", Kind: "NetworkPolicy" }
            && policy.Json.ItemsAt("spec", "ingress").SelectMany(r => r.ItemsAt("from")).Concat(policy.Json.ItemsAt("spec", "egress").SelectMany(r => r.ItemsAt("to")))
                .Any(p => p.At("podSelector") is not null || p.At("namespaceSelector") is not null))
        || (policy.Group.EndsWith("projectcalico.org", StringComparison.Ordinal) && policy.Kind is "NetworkPolicy" or "GlobalNetworkPolicy"
            && policy.Json.ItemsAt("spec", "ingress").Concat(policy.Json.ItemsAt("spec", "egress"))
                .Any(r => ((string[])["source", "destination"]).Any(peer => ((string[])["selector", "notSelector", "namespaceSelector", "serviceAccounts"]).Any(f => r.At(peer, f) is not null))));

    /// <summary>Whether a peer that nobody knows escapes the rule's meaning.</summary>
    private static bool Excludes(JsonNode? rule, string peer) =>
        rule.At(peer, "notSelector") is not null
        || (rule.TextAt("action") == "Deny" && ((string[])["selector", "namespaceSelector", "serviceAccounts"]).Any(f => rule.At(peer, f) is not null));

    private static string Minutes(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalMinutes):0} min");
}
