using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
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

    private readonly IPolicyEvaluator _calico;
    private readonly IPolicyEvaluator _antrea;
    private readonly List<PodClass> _classes;

    private PolicyPrediction(IPolicyEvaluator calico, IPolicyEvaluator antrea, List<PodClass> classes) => (_calico, _antrea, _classes) = (calico, antrea, classes);

    /// <summary>Pods that policies cannot tell apart.</summary>
    private sealed record PodClass(string Name, PolicyPod Pod, bool IsSingle, bool IsServed, ImmutableArray<(IPProtocol Protocol, int Port, string Word)> Ports);

    /// <summary>Clients and servers of two kinds that meet under another address than the client's.</summary>
    private sealed record Mixture(MigrationPhase Phase, PodNetworkKind From, PodNetworkKind To, bool ByService, string Place, IPAddress Seen);

    /// <summary>What a prediction came to.</summary>
    /// <param name="Changes">The changes in the order of phases.</param>
    /// <param name="Unknown">Why nobody can tell; null where it is told.</param>
    internal sealed record Outlook(ImmutableArray<PredictedPolicyChange> Changes, string? Unknown = null);

    /// <summary>Looks at every rule that names a source; there is nothing to tell where there is none, or where policies cannot be converted, which blocks by itself.</summary>
    public static Outlook Of(ClusterSnapshot snapshot, BridgeStrategy bridge, Readdressing? readdressing, string antreaVersion)
    {
        var rules = SourceRules(snapshot).ToList();
        if (rules.Count == 0 || !ReleaseVersion.TryParse(antreaVersion, out _))
        {
            return new Outlook([]);
        }

        var options = new PolicyConversionOptions { AntreaVersion = antreaVersion };
        var planned = readdressing is null ? snapshot : LossPrediction.Move(snapshot, readdressing);
        var mixtures = Mixtures(snapshot, planned, bridge).ToList();
        var classes = ClassesOf(planned, rules);
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
            return new Outlook(new PolicyPrediction(
                PolicyEvaluators.CalicoTables(planned, options), PolicyEvaluators.AntreaTables(planned, conversion.Objects, options), classes).Changes(mixtures));
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
                    $"In phase {group.Key.Phase} allowed connections are denied, from {all}: {group.First().Reason}",
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
    private static IEnumerable<Mixture> Mixtures(ClusterSnapshot snapshot, ClusterSnapshot planned, BridgeStrategy bridge)
    {
        var already = Mixtures(snapshot, ReachabilityModel.FromSnapshot(snapshot), MigrationPhase.Backup, [PodNetworkKind.Calico])
            .Select(m => (m.ByService, m.Place)).ToHashSet();
        var model = bridge.Adapt(ReachabilityModel.FromSnapshot(planned));
        return bridge.Mixtures.SelectMany(m => Mixtures(planned, model, m.Phase, m.Kinds))
            .Where(m => !(m is { From: PodNetworkKind.Calico, To: PodNetworkKind.Calico } && already.Contains((m.ByService, m.Place))));
    }

    private static IEnumerable<Mixture> Mixtures(ClusterSnapshot cluster, ReachabilityModel model, MigrationPhase phase, ImmutableArray<PodNetworkKind> kinds)
    {
        var matrix = ReachabilityMatrix.Build(
            model,
            MigrationEndpoints.Of(cluster).Where(e => kinds.Contains(e.Kind)),
            [
                .. ReachabilityService.Of(cluster)
                    .Select(s => s with { Endpoints = [.. s.Endpoints.Select(e => e.Where(k => kinds.Contains(k.Kind)).ToImmutableArray()).Where(e => !e.IsEmpty)] }),
            ]);
        foreach (var cell in matrix.Cells.Where(c => c.Answer.Verdict == ReachabilityVerdict.Reachable && c.Place != "the client itself")
            .GroupBy(c => (From: c.From.Kind, To: c.To.Kind, c.To.IsOfServices, c.From.IsIPv6, IsSame: c.Place == "same Node")).Select(g => g.First()))
        {
            if (SeenInstead(cell) is { } seen)
            {
                yield return new Mixture(phase, cell.From.Kind, cell.To.Kind, cell.To.IsOfServices, cell.Place == "same Node" ? "same Node" : "other Node", seen);
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

    private static List<PodClass> ClassesOf(ClusterSnapshot planned, List<JsonNode> rules)
    {
        var order = new RestartOrder(planned);
        var words = new PolicyWords(planned);
        var infos = planned.Pods.DistinctBy(p => (p.Namespace, p.Name)).ToDictionary(p => (p.Namespace, p.Name));
        var objects = planned.OfKind("", "Pod").DistinctBy(o => (o.Namespace, o.Name)).ToDictionary(o => (o.Namespace, o.Name));
        var named = rules.SelectMany(PortsOf).Distinct().ToList();
        return
        [
            .. PolicyWorld.From(planned).Pods.Where(p => infos.ContainsKey((p.Namespace, p.Name))).GroupBy(words.KeyOf)
                .Select(g => (Pods: g, Infos: g.Select(p => infos[(p.Namespace, p.Name)]).ToList()))
                .Select(g => new PodClass(
                    NameOf(g.Infos.Select(order.OwnerOf).Distinct().Select(o => o.ToString()).Order(StringComparer.Ordinal).ToList()),
                    g.Pods.First(),
                    g.Infos.Count == 1,
                    g.Infos.Exists(order.IsServer),
                    [
                        .. g.Infos.Select(p => objects.GetValueOrDefault((p.Namespace, p.Name))).OfType<ClusterObject>()
                            .SelectMany(o => o.Json.ItemsAt("spec", "containers")).SelectMany(c => c.ItemsAt("ports"))
                            .Select(p => (Protocol: p.TextAt("protocol") ?? "TCP", Port: (int)(p.NumberAt("containerPort") ?? 0)))
                            .Concat(named).Where(p => p.Port > 0).Distinct().Order()
                            .Select(p => (ProtocolOf(p.Protocol), p.Port, string.Create(CultureInfo.InvariantCulture, $"{p.Protocol} {p.Port}"))),
                        (IPProtocol.Tcp, 1, "any other TCP"),
                        (IPProtocol.Udp, 1, "any other UDP"),
                    ])),
        ];

        static string NameOf(List<string> owners) => owners.Count == 1 ? owners[0] : $"{owners[0]} and {owners.Count - 1} more workloads";
    }

    private static IPProtocol ProtocolOf(string name) => name switch
    {
        "UDP" => IPProtocol.Udp,
        "SCTP" => IPProtocol.Sctp,
        _ => IPProtocol.Tcp,
    };

    /// <summary>The ports that a rule names by number; of a range its ends.</summary>
    private static IEnumerable<(string Protocol, int Port)> PortsOf(JsonNode rule)
    {
        var calico = rule.ItemsAt("destination", "ports").Concat(rule.ItemsAt("destination", "notPorts"))
            .SelectMany(p => (p?.ToString() ?? "").Split(':'), (_, text) => (Protocol: rule.TextAt("protocol") ?? "TCP", Text: text));
        var kubernetes = rule.ItemsAt("ports")
            .SelectMany(p => new[] { p.At("port"), p.At("endPort") }, (p, port) => (Protocol: p.TextAt("protocol") ?? "TCP", Text: port?.ToString() ?? ""));
        return calico.Concat(kubernetes)
            .Select(p => (p.Protocol, int.TryParse(p.Text, CultureInfo.InvariantCulture, out var number) ? number : 0)).Where(p => p.Item2 > 0);
    }

    private ImmutableArray<PredictedPolicyChange> Changes(List<Mixture> mixtures)
    {
        var changes = ImmutableArray.CreateBuilder<PredictedPolicyChange>();
        foreach (var server in _classes)
        {
            var before = _classes.ToDictionary(c => c, c => server.Ports.Select(p => Before(c, server, p)).ToArray());
            foreach (var mixture in mixtures.Where(m => !m.ByService || server.IsServed))
            {
                var engine = mixture.To == PodNetworkKind.Antrea ? _antrea : _calico;
                var seen = server.Ports.Select(p => Seen(engine, mixture.Seen, server, p)).ToArray();
                foreach (var client in _classes.Where(c => !(ReferenceEquals(c, server) && c.IsSingle)))
                {
                    changes.AddRange(new[] { false, true }.Select(opens => Change(mixture, client, server, before[client], seen, opens)).OfType<PredictedPolicyChange>());
                }
            }
        }

        return [.. changes.OrderBy(c => c.Phase).ThenBy(c => c.Opens ? 0 : 1)];
    }

    /// <summary>What happens to a connection from its own address, as long as only Calico is there: whether its sender may, and the receiver's verdict.</summary>
    private (bool MaySend, Verdict Verdict) Before(PodClass client, PodClass server, (IPProtocol Protocol, int Port, string Word) port)
    {
        var traffic = TrafficTo(new TrafficEndpoint(AddressFor(client.Pod, server.Pod), client.Pod), server, port);
        return (_calico.Evaluate(traffic, Direction.Egress).IsAllowed, _calico.Evaluate(traffic, Direction.Ingress));
    }

    private static Verdict Seen(IPolicyEvaluator engine, IPAddress seen, PodClass server, (IPProtocol Protocol, int Port, string Word) port) =>
        engine.Evaluate(TrafficTo(new TrafficEndpoint(seen), server, port), Direction.Ingress);

    private static Traffic TrafficTo(TrafficEndpoint source, PodClass server, (IPProtocol Protocol, int Port, string Word) port) => new(
        source, new TrafficEndpoint(AddressFor(server.Pod, source.Address), server.Pod), port.Protocol, Traffic.UsualSourcePort, port.Port);

    private static IPAddress AddressFor(PolicyPod pod, PolicyPod peer) => AddressFor(pod, peer.Addresses[0]);

    private static IPAddress AddressFor(PolicyPod pod, IPAddress peer) => pod.Addresses.FirstOrDefault(a => a.AddressFamily == peer.AddressFamily) ?? pod.Addresses[0];

    private static PredictedPolicyChange? Change(
        Mixture mixture, PodClass client, PodClass server, (bool MaySend, Verdict Verdict)[] before, Verdict[] seen, bool opens)
    {
        var concerned = Enumerable.Range(0, seen.Length).Where(i => before[i].MaySend && seen[i].IsAllowed == opens && before[i].Verdict.IsAllowed != opens).ToList();
        return concerned.Count == 0 ? null : new PredictedPolicyChange(
            mixture.Phase,
            $"{client.Name} ({mixture.From} Pods)",
            $"{server.Name} ({mixture.To} Pods{(mixture.ByService ? ", by a Service" : "")})",
            mixture.Place,
            [.. concerned.Select(i => server.Ports[i].Word)],
            opens,
            $"it arrives from {mixture.Seen}, which no rule takes for the Pod: {seen[concerned[0]]}");
    }
}
