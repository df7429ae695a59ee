using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>Which connections policies decide otherwise while both networks are in use.</summary>
/// <remarks>
/// <para>Rules about a source are asked of the address that the enforcing engine sees: Calico at every <c>cali*</c> device, so at Calico and Multus
/// Pods, before the server's own Node masquerades; Antrea at Antrea Pods, behind everything. Where that is not the client's own address no selector
/// knows it. The reachability rules say which address it is, the policies' own evaluators what it means.</para>
/// <para>Egress needs no prediction: a destination is never rewritten on the way, and both engines know every Pod's address in its status.</para>
/// <para>Pods with equal labels count as one, so the cost depends on how many kinds of Pods there are.</para>
/// </remarks>
internal sealed class PolicyPrediction
{
    /// <summary>Verdicts beyond which a plan would take minutes.</summary>
    private const long MostVerdicts = 2_000_000;

    private readonly CalicoEvaluator _calico;
    private readonly IPolicyEvaluator _antrea;
    private readonly List<PolicyPodClass> _classes;

    private PolicyPrediction(CalicoEvaluator calico, IPolicyEvaluator antrea, List<PolicyPodClass> classes) => (_calico, _antrea, _classes) = (calico, antrea, classes);

    /// <summary>What a prediction came to.</summary>
    /// <param name="Changes">The changes in the order of phases.</param>
    /// <param name="Unknown">Why nobody can tell; null where it is told.</param>
    internal sealed record Outlook(ImmutableArray<PredictedPolicyChange> Changes, string? Unknown = null)
    {
        /// <summary>What keeps connections meanwhile.</summary>
        public ImmutableArray<PolicyAllowance> Allowances { get; init; } = [];

        /// <summary>What else the allowances let in.</summary>
        public ImmutableArray<PredictedPolicyChange> LetIn { get; init; } = [];

        /// <summary>Why some are not kept though they should be, by change.</summary>
        public ImmutableDictionary<PredictedPolicyChange, string> Obstacles { get; init; } = ImmutableDictionary<PredictedPolicyChange, string>.Empty;
    }

    /// <summary>Looks at every rule that names a source; there is nothing to tell where there is none, or where policies cannot be converted, which blocks by itself.</summary>
    public static Outlook Of(
        ClusterSnapshot snapshot, BridgeStrategy bridge, Readdressing? readdressing, string antreaVersion, PolicyMode mode,
        IEnumerable<ClusterObject> antreaManifest)
    {
        if (!SourceRules(snapshot).Any() || !ReleaseVersion.TryParse(antreaVersion, out _))
        {
            return new Outlook([]);
        }

        var options = new PolicyConversionOptions { AntreaVersion = antreaVersion };
        var planned = readdressing is null ? snapshot : LossPrediction.Move(snapshot, readdressing);
        var mixtures = Mixtures(snapshot, planned, bridge, antreaManifest).ToList();
        var classes = ClassesOf(planned);
        if ((long)classes.Count * classes.Sum(c => c.Ports.Length) > MostVerdicts)
        {
            return new Outlook([], "there are too many kinds of Pods to tell");
        }

        var conversion = PolicyConverter.Convert(planned, options);
        if (conversion.HasRefusals)
        {
            return new Outlook([]);
        }

        try
        {
            var calico = (CalicoEvaluator)PolicyEvaluators.CalicoTables(planned, options);
            var prediction = new PolicyPrediction(calico, PolicyEvaluators.AntreaTables(planned, conversion.Objects, options), classes);
            var (changes, denials) = prediction.Changes(mixtures);
            return mode == PolicyMode.Available && denials.Count > 0
                ? prediction.Keep(planned, conversion, options, changes, denials)
                : new Outlook(changes);
        }
        catch (Exception e) when (e is NotSupportedException or FormatException)
        {
            return new Outlook([], e.Message);
        }
    }

    /// <summary>What the changes mean for the plan.</summary>
    public static IEnumerable<Finding> Judge(Outlook outlook, PolicyMode mode)
    {
        if (outlook.Unknown is { } why)
        {
            yield return new Finding(
                "policy-changes-not-predicted",
                Severity.Blocker,
                "Cluster",
                $"Policies name sources, and what they mean while both networks are in use is not known: {why}",
                "Rewrite such rules to name ports for the time of the migration, or ignore this id to accept that some connections are denied, and some let through");
            yield break;
        }

        foreach (var allowance in outlook.Allowances)
        {
            yield return new Finding(
                "policy-allowance",
                Severity.Warning,
                $"{allowance.Namespace}/{allowance.Name}",
                $"For phase {allowance.Phase} {allowance}; it lets in, too: {string.Join("; ", outlook.LetIn.Where(c => c.Phase == allowance.Phase && c.To == allowance.To).Select(c => c.From).Distinct())}",
                "None: it was asked for with --policy-mode available, and is removed when the phase ends; with strict nothing is opened, and what it is for stays denied");
        }

        foreach (var group in outlook.Changes.GroupBy(c => (c.Opens, c.Phase, c.To)))
        {
            var all = string.Join("; ", group.Take(3).Select(c => $"{c.From}, {c.Place}, {string.Join(", ", c.Ports)}")) + (group.Count() > 3 ? $" and {group.Count() - 3} more" : "");
            yield return group.Key.Opens
                ? new Finding(
                    "policy-opens-while-mixed",
                    Severity.Blocker,
                    group.Key.To,
                    $"In phase {group.Key.Phase} denied connections get through, from {all}: {group.First().Reason}",
                    "Deny all but what is allowed, instead of denying sources, for the time of the migration; or ignore this id to accept it for that time")
                : new Finding(
                    "policy-denies-while-mixed",
                    mode == PolicyMode.Strict ? Severity.Warning : Severity.Blocker,
                    group.Key.To,
                    $"In phase {group.Key.Phase} allowed connections are denied, from {all}: {group.First().Reason}"
                        + string.Concat(group.Select(c => outlook.Obstacles.GetValueOrDefault(c)).OfType<string>().Distinct().Select(o => $"; no allowance keeps them, for {o}")),
                    mode == PolicyMode.Strict
                        ? "None: it was asked for that they stay denied for that time"
                        : "Accept it for that time with --policy-mode strict, take another bridge, or let the rule name ports instead of sources meanwhile");
        }
    }

    /// <summary>Every ingress rule that names its source, with its ports.</summary>
    private static IEnumerable<JsonNode> SourceRules(ClusterSnapshot snapshot)
    {
        string[] fields = ["selector", "notSelector", "namespaceSelector", "serviceAccounts", "nets", "notNets"];
        foreach (var policy in snapshot.Objects.Where(o => o.Group.EndsWith("projectcalico.org", StringComparison.Ordinal) && o.Kind is "NetworkPolicy" or "GlobalNetworkPolicy"))
        {
            foreach (var rule in policy.Json.ItemsAt("spec", "ingress").Where(r => fields.Any(f => r.At("source", f) is not null)))
            {
                yield return rule!;
            }
        }

        foreach (var policy in snapshot.OfKind("networking.k8s.io", "NetworkPolicy"))
        {
            foreach (var rule in policy.Json.ItemsAt("spec", "ingress").Where(r => r.ItemsAt("from").Any()))
            {
                yield return rule!;
            }
        }
    }

    /// <summary>Every mixture under another address, but for what Services do to Calico Pods already.</summary>
    private static IEnumerable<PolicyMixture> Mixtures(
        ClusterSnapshot snapshot, ClusterSnapshot planned, BridgeStrategy bridge, IEnumerable<ClusterObject> antreaManifest)
    {
        var already = Mixtures(snapshot, ReachabilityModel.FromSnapshot(snapshot), MigrationPhase.Backup, [PodNetworkKind.Calico])
            .Select(m => (m.ByService, m.Place)).ToHashSet();
        var model = bridge.Adapt(ReachabilityModel.Planned(planned, antreaManifest));

        // Calico's rules masquerade whatever comes from its pools, Antrea's Pods as well, until they are removed from the Nodes.
        var all = (bridge as PartitionBridge)?.Partition is { } parts
            ? PartitionMixtures.Of(planned, parts, antreaManifest)
            : bridge.Mixtures.Append((MigrationPhase.RemoveCalico, [PodNetworkKind.Antrea])).SelectMany(m => Mixtures(planned, model, m.Phase, m.Kinds));
        return all.Where(m => !(m is { From: PodNetworkKind.Calico, To: PodNetworkKind.Calico } && already.Contains((m.ByService, m.Place))));
    }

    private static IEnumerable<PolicyMixture> Mixtures(ClusterSnapshot cluster, ReachabilityModel model, MigrationPhase phase, ImmutableArray<PodNetworkKind> kinds)
    {
        var matrix = ReachabilityMatrix.Build(
            model,
            MigrationEndpoints.Of(cluster).Where(e => kinds.Contains(e.Kind)),
            [
                .. ReachabilityService.Of(cluster)
                    .Select(s => s with { Endpoints = [.. s.Endpoints.Select(e => e.Where(k => kinds.Contains(k.Kind)).ToImmutableArray()).Where(e => !e.IsEmpty)] }),
            ]);
        var nodes = cluster.Nodes.DistinctBy(n => n.Name).ToDictionary(n => n.Name, StringComparer.Ordinal);
        foreach (var cells in matrix.Cells.Where(c => c.Answer.Verdict == ReachabilityVerdict.Reachable && c.Place != "the client itself")
            .GroupBy(c => (From: c.From.Kind, To: c.To.Kind, c.To.IsOfServices, c.From.IsIPv6, IsSame: c.Place == "same Node")))
        {
            var seen = cells.Select(c => (c.Client, Address: SeenInstead(c))).Where(c => c.Address is not null).ToList();
            if (seen.Count > 0)
            {
                var addresses = seen.Select(c => PolicyMixture.KindOf(c.Address!, nodes.GetValueOrDefault(c.Client.Node))).ToList();
                yield return new PolicyMixture(
                    phase,
                    cells.Key.From,
                    cells.Key.To,
                    cells.Key.IsOfServices,
                    cells.Key.IsSame ? "same Node" : "other Node",
                    seen[0].Address!,
                    addresses.Contains(null) ? [] : [.. addresses.Select(k => k!.Value).Distinct().Order()]);
            }
        }
    }

    /// <summary>The address that the enforcing engine sees, where it is not one of the client's own that policies know; else null.</summary>
    private static IPAddress? SeenInstead(ReachabilityCell cell)
    {
        var leavesByNet1 = cell.Client.AntreaAddress is not null && cell.Answer.SourceSeen != cell.Client.Address.ToString();
        var seen = cell.To.Kind != PodNetworkKind.Antrea && cell.Place == "same Node"
            ? leavesByNet1 ? cell.Client.AntreaAddress : cell.Client.Address
            : IPAddress.TryParse(cell.Answer.SourceSeen, out var address) ? address : null;
        return cell.Client.Address.Equals(seen) ? null : seen;
    }

    private static List<PolicyPodClass> ClassesOf(ClusterSnapshot planned)
    {
        var order = new RestartOrder(planned);
        var words = new PolicyWords(planned);
        var infos = planned.Pods.DistinctBy(p => (p.Namespace, p.Name)).ToDictionary(p => (p.Namespace, p.Name));
        var objects = planned.OfKind("", "Pod").DistinctBy(o => (o.Namespace, o.Name)).ToDictionary(o => (o.Namespace, o.Name));
        var named = Rules(planned).SelectMany(PortsOf).Distinct().ToList();
        return
        [
            .. PolicyWorld.From(planned).Pods.Where(p => infos.ContainsKey((p.Namespace, p.Name))).GroupBy(words.KeyOf)
                .Select(g => (Pods: g, Infos: g.Select(p => infos[(p.Namespace, p.Name)]).ToList()))
                .Select(g => new PolicyPodClass(
                    NameOf(g.Infos.Select(order.OwnerOf).Distinct().Select(o => o.ToString()).Order(StringComparer.Ordinal).ToList()),
                    [.. g.Pods],
                    g.Infos.Exists(order.IsServer),
                    WithRest(
                    [
                        .. Segments(g.Infos.Select(p => objects.GetValueOrDefault((p.Namespace, p.Name))).OfType<ClusterObject>()
                            .SelectMany(o => o.Json.ItemsAt("spec", "containers")).SelectMany(c => c.ItemsAt("ports"))
                            .Select(p => (Protocol: p.TextAt("protocol") ?? "TCP", Port: (int)(p.NumberAt("containerPort") ?? 0)))
                            .Where(p => p.Port > 0).Select(p => (p.Protocol, p.Port, p.Port)).Concat(named)),
                    ]))),
        ];

        static ImmutableArray<PolicyPort> WithRest(ImmutableArray<PolicyPort> named) =>
        [
            .. named,
            .. new[] { PolicyPort.Rest(IPProtocol.Tcp, "TCP", named), PolicyPort.Rest(IPProtocol.Udp, "UDP", named) }.OfType<PolicyPort>(),
        ];

        static string NameOf(List<string> owners) => owners.Count == 1 ? owners[0] : $"{owners[0]} and {owners.Count - 1} more workloads";
    }

    private static IPProtocol ProtocolOf(string name) => name switch
    {
        "UDP" => IPProtocol.Udp,
        "SCTP" => IPProtocol.Sctp,
        _ => IPProtocol.Tcp,
    };

    /// <summary>The ranges cut where others begin or end, each once.</summary>
    private static IEnumerable<PolicyPort> Segments(IEnumerable<(string Protocol, int First, int Last)> ranges)
    {
        foreach (var ofProtocol in ranges.GroupBy(r => r.Protocol).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var cuts = ofProtocol.SelectMany(r => new[] { r.First, r.Last + 1 }).Distinct().Order().ToList();
            foreach (var (first, next) in cuts.Zip(cuts.Skip(1)).Where(c => ofProtocol.Any(r => r.First <= c.First && c.First <= r.Last)))
            {
                yield return new PolicyPort(
                    ProtocolOf(ofProtocol.Key), first, next - 1, string.Create(CultureInfo.InvariantCulture, $"{ofProtocol.Key} {first}{(next - 1 == first ? "" : $"-{next - 1}")}"));
            }
        }
    }

    /// <summary>Every rule, of senders as well: what only one without a source names is no port like any other.</summary>
    private static IEnumerable<JsonNode> Rules(ClusterSnapshot snapshot) => snapshot.Objects
        .Where(o => o.Kind is "NetworkPolicy" or "GlobalNetworkPolicy" && (o.Group == KubernetesPolicyReader.Group || o.Group.EndsWith("projectcalico.org", StringComparison.Ordinal)))
        .SelectMany(o => o.Json.ItemsAt("spec", "ingress").Concat(o.Json.ItemsAt("spec", "egress")))
        .OfType<JsonNode>();

    /// <summary>Calico takes a protocol's number for its name.</summary>
    private static string NameOf(JsonNode? protocol) => protocol?.ToString() switch
    {
        "17" => "UDP",
        "132" => "SCTP",
        null or "6" => "TCP",
        var name => name.ToUpperInvariant(),
    };

    /// <summary>The ports that a rule names by number.</summary>
    private static IEnumerable<(string Protocol, int First, int Last)> PortsOf(JsonNode rule)
    {
        var calico = rule.ItemsAt("destination", "ports").Concat(rule.ItemsAt("destination", "notPorts"))
            .Select(p => (Protocol: NameOf(rule.At("protocol")), Ends: (p?.ToString() ?? "").Split(':')));
        var kubernetes = rule.ItemsAt("ports")
            .Select(p => (Protocol: p.TextAt("protocol") ?? "TCP", Ends: new[] { p.At("port"), p.At("endPort") }.OfType<JsonNode>().Select(e => e.ToString()).ToArray()));
        foreach (var (protocol, ends) in calico.Concat(kubernetes))
        {
            if (ends.Length > 0 && int.TryParse(ends[0], CultureInfo.InvariantCulture, out var first) && int.TryParse(ends[^1], CultureInfo.InvariantCulture, out var last)
                && 0 < first && first <= last && last <= 65535)
            {
                yield return (protocol, first, last);
            }
        }
    }

    private (ImmutableArray<PredictedPolicyChange> Changes, List<PolicyDenial> Denials) Changes(List<PolicyMixture> mixtures)
    {
        var changes = ImmutableArray.CreateBuilder<PredictedPolicyChange>();
        List<PolicyDenial> denials = [];
        foreach (var server in _classes)
        {
            var before = _classes.ToDictionary(c => c, c => server.Ports.Select(p => Before(c, server, p)).ToArray());
            foreach (var mixture in mixtures.Where(m => !m.ByService || server.IsServed))
            {
                var engine = mixture.Engine == PolicyEngine.Antrea ? _antrea : _calico;
                var seen = server.Ports.Select(p => Seen(engine, mixture.Seen, server, p)).ToArray();
                foreach (var client in _classes.Where(c => !(ReferenceEquals(c, server) && c.IsSingle)))
                {
                    foreach (var opens in (bool[])[false, true])
                    {
                        ImmutableArray<int> concerned =
                            [.. Enumerable.Range(0, seen.Length).Where(i => before[client][i].MaySend && seen[i].IsAllowed == opens && before[client][i].Verdict.IsAllowed != opens)];
                        if (concerned.IsEmpty)
                        {
                            continue;
                        }

                        ImmutableArray<PolicyPort> ports = [.. concerned.Select(i => server.Ports[i])];
                        var change = Change(mixture, client, server, ports, seen[concerned[0]], opens);
                        changes.Add(change);
                        if (!opens)
                        {
                            denials.Add(new PolicyDenial(mixture, client, server, ports, change));
                        }
                    }
                }
            }
        }

        return ([.. InOrder(changes)], denials);
    }

    private static IOrderedEnumerable<PredictedPolicyChange> InOrder(IEnumerable<PredictedPolicyChange> changes) => changes.OrderBy(c => c.Phase).ThenBy(c => c.Opens ? 0 : 1);

    /// <summary>The same with allowances for what would be denied.</summary>
    private Outlook Keep(
        ClusterSnapshot planned, PolicyConversion conversion, PolicyConversionOptions options, ImmutableArray<PredictedPolicyChange> changes, List<PolicyDenial> denials)
    {
        var allowances = new PolicyAllowances(planned, _classes, _calico, conversion.Origin!.Value.Set);
        var obstacles = denials.Select(d => (d.Change, Why: allowances.Obstacle(d))).Where(o => o.Why is not null).DistinctBy(o => o.Change)
            .ToImmutableDictionary(o => o.Change, o => o.Why!);
        var kept = denials.FindAll(d => !obstacles.ContainsKey(d.Change));
        var made = allowances.Of(kept);
        var proof = new AllowanceProof(planned, _classes, made);
        var all = made.Select(m => m.Allowance).ToList();
        var fault = proof.FirstFault(PolicyEngine.Calico, _calico, AllowanceProof.Calico(planned, all, options))
            ?? proof.FirstFault(PolicyEngine.Antrea, _antrea, AllowanceProof.Antrea(planned, conversion, all, options));
        if (fault is not null)
        {
            return new Outlook(changes) { Obstacles = denials.Select(d => d.Change).Distinct().ToImmutableDictionary(c => c, _ => $"it would decide more than it is for: {fault}") };
        }

        var keptChanges = kept.Select(d => d.Change).ToHashSet();
        return new Outlook([.. changes.Where(c => !keptChanges.Contains(c))])
        {
            Allowances = [.. all],
            LetIn = [.. InOrder(made.SelectMany(m => allowances.Opens(m, Before)).DistinctBy(c => (c.Phase, c.From, c.To, c.Place, string.Join(',', c.Ports))))],
            Obstacles = obstacles,
        };
    }

    /// <summary>What happens to a connection from its own address, as long as only Calico is there: whether its sender may, and the receiver's verdict.</summary>
    private (bool MaySend, Verdict Verdict) Before(PolicyPodClass client, PolicyPodClass server, PolicyPort port)
    {
        var traffic = TrafficTo(new TrafficEndpoint(AddressFor(client.Pod, server.Pod), client.Pod), server, port);
        return (_calico.Evaluate(traffic, Direction.Egress).IsAllowed, _calico.Evaluate(traffic, Direction.Ingress));
    }

    private static Verdict Seen(IPolicyEvaluator engine, IPAddress seen, PolicyPodClass server, PolicyPort port) =>
        engine.Evaluate(TrafficTo(new TrafficEndpoint(seen), server, port), Direction.Ingress);

    private static Traffic TrafficTo(TrafficEndpoint source, PolicyPodClass server, PolicyPort port) => new(
        source, new TrafficEndpoint(AddressFor(server.Pod, source.Address), server.Pod), port.Protocol, Traffic.UsualSourcePort, port.First);

    private static IPAddress AddressFor(PolicyPod pod, PolicyPod peer) => AddressFor(pod, peer.Addresses[0]);

    private static IPAddress AddressFor(PolicyPod pod, IPAddress peer) => pod.Addresses.FirstOrDefault(a => a.AddressFamily == peer.AddressFamily) ?? pod.Addresses[0];

    private static PredictedPolicyChange Change(
        PolicyMixture mixture, PolicyPodClass client, PolicyPodClass server, ImmutableArray<PolicyPort> ports, Verdict seen, bool opens) => new(
        mixture.Phase,
        $"{client.Name} ({mixture.From} Pods)",
        $"{server.Name} ({mixture.To} Pods{(mixture.ByService ? ", by a Service" : "")})",
        mixture.Place,
        [.. ports.Select(p => p.Word)],
        opens,
        $"it arrives from {mixture.Seen}, which no rule takes for the Pod: {seen}");
}
