using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Planning;

/// <summary>Which allowances keep what would be denied, and who else comes in by them.</summary>
/// <remarks>
/// <para>An allowance is as narrow as the engines have words for: the addresses of the Nodes that the clients' <c>nodeSelector</c> admits, the ports that are concerned, the Pods of
/// one kind. Calico's stands first in the first tier that governs these Pods, where another policy has ended the tier in a denial already, so it takes
/// nothing from other connections. Antrea's stands in the tier emergency, whose rules leave what they do not match to the tiers behind.</para>
/// <para>Behind one Node's address there are other Pods, the Node itself, and whoever asks the Node for a NodePort. What of that policies deny is predicted as opened.</para>
/// </remarks>
internal sealed class PolicyAllowances
{
    private const string AntreaTier = "emergency";

    private readonly ClusterSnapshot _planned;
    private readonly PolicyWords _words;
    private readonly IReadOnlyList<PolicyPodClass> _classes;
    private readonly CalicoEvaluator _calico;
    private readonly CalicoPolicySet _policies;
    private readonly Dictionary<string, List<string>> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<PolicyPodClass, ImmutableArray<string>> _nodes;
    private readonly bool _isNative;

    /// <param name="planned">The cluster once Calico has left the PodCIDRs.</param>
    /// <param name="classes">Its Pods.</param>
    /// <param name="calico">Calico's verdicts.</param>
    /// <param name="policies">What they come from.</param>
    public PolicyAllowances(ClusterSnapshot planned, IReadOnlyList<PolicyPodClass> classes, CalicoEvaluator calico, CalicoPolicySet policies)
    {
        _planned = planned;
        _policies = policies;
        _words = new PolicyWords(planned);
        _classes = classes;
        _calico = calico;
        _isNative = planned.Objects.Any(o => o.Group == CalicoMetadata.V3Group) && !planned.Objects.Any(o => o.Group == CalicoMetadata.V1Group);
        var specs = planned.OfKind("", "Pod").DistinctBy(o => (o.Namespace, o.Name)).ToDictionary(o => (o.Namespace, o.Name), o => o.Json["spec"]);
        var labels = planned.OfKind("", "Node").DistinctBy(o => o.Name).ToDictionary(o => o.Name, o => o.Json["metadata"]?["labels"], StringComparer.Ordinal);
        _nodes = classes.ToDictionary(c => c, c => NodesOf(c, specs, labels));
    }

    /// <summary>An allowance with what it came from.</summary>
    /// <param name="Allowance">The allowance.</param>
    /// <param name="Mixtures">How its clients and servers meet.</param>
    /// <param name="To">The servers.</param>
    /// <param name="Ports">The ports as the prediction has them.</param>
    /// <param name="Clients">Whom it is for.</param>
    internal sealed record Planned(
        PolicyAllowance Allowance, ImmutableArray<PolicyMixture> Mixtures, PolicyPodClass To, ImmutableArray<PolicyPort> Ports, ImmutableArray<PolicyPodClass> Clients);

    /// <summary>Why nothing narrow keeps it; null where something does.</summary>
    public string? Obstacle(PolicyDenial denial) =>
        denial.Mixture.Phase is MigrationPhase.FirstPart or MigrationPhase.SecondPart ? "Antrea does not tell that it is in force as long as some Nodes are without an agent"
        : denial.Mixture.Addresses.IsEmpty ? $"it arrives from {denial.Mixture.Seen}, which is no address of the client's Node"
        : AllowanceObjects.AddressesOf(_nodes[denial.From], denial.Mixture.Addresses, IsIPv6(denial), _planned.Nodes).IsEmpty
            ? "no Node that the clients may run on has an address of that kind"
        : LabelsOf(denial.To) is null ? "policies tell the servers from other Pods by more than labels"
        : denial.Mixture.Engine == PolicyEngine.Antrea ? null
        : AllowanceObjects.SelectorText(LabelsOf(denial.To)!).Length > AllowanceObjects.MostSelectorCharacters
            ? $"policies ask the servers for so many labels that the selector would be longer than the {AllowanceObjects.MostSelectorCharacters} characters that Calico takes"
        : _isNative ? "Calico keeps its policies in projectcalico.org/v3"
        : _calico.FirstTier(denial.To.Pod, Direction.Ingress) is null ? "no tier of Calico's governs the servers"
        : null;

    /// <summary>The allowances for these, none of which has an <see cref="Obstacle"/>, in their order.</summary>
    public ImmutableArray<Planned> Of(IEnumerable<PolicyDenial> denials) =>
    [
        .. denials
            .GroupBy(d => (
                d.Mixture.Phase,
                d.Mixture.Engine,
                d.To,
                Ports: string.Join(',', d.Ports.Select(p => p.Word)),
                Addresses: string.Join(',', d.Mixture.Addresses),
                IsIPv6: IsIPv6(d)))
            .Select((group, index) => Make([.. group], group.Key.IsIPv6, index + 1)),
    ];

    /// <summary>What policies deny and an allowance lets in.</summary>
    public IEnumerable<PredictedPolicyChange> Opens(Planned planned, Func<PolicyPodClass, PolicyPodClass, PolicyPort, (bool MaySend, Verdict Verdict)> before) =>
        planned.Mixtures.DistinctBy(m => (m.From, m.Place)).SelectMany(m => Opens(planned, m, before));

    private IEnumerable<PredictedPolicyChange> Opens(
        Planned planned, PolicyMixture mixture, Func<PolicyPodClass, PolicyPodClass, PolicyPort, (bool MaySend, Verdict Verdict)> before)
    {
        var (allowance, server) = (planned.Allowance, planned.To);
        var nodes = allowance.Nodes.ToHashSet(StringComparer.Ordinal);
        foreach (var other in _classes.Where(c => !(ReferenceEquals(c, server) && c.IsSingle) && _nodes[c].Any(nodes.Contains)))
        {
            if (planned.Ports.Where(p => before(other, server, p) is { MaySend: true, Verdict.IsAllowed: false }).Select(p => p.Word).ToImmutableArray() is { IsEmpty: false } ports)
            {
                yield return Open($"{other.Name} ({mixture.From} Pods)", ports);
            }
        }

        // A Node reaches its own Pods whatever policies say.
        if (mixture.Place == "same Node")
        {
            yield break;
        }

        ImmutableArray<string> all = [.. planned.Ports.Select(p => p.Word)];
        yield return Open("the Nodes themselves, and Pods on their network", all);
        foreach (var service in ServicesByNodes(server))
        {
            yield return Open($"whoever asks one of these Nodes for Service {service}", all);
        }

        PredictedPolicyChange Open(string from, ImmutableArray<string> ports) => new(
            mixture.Phase, from, allowance.To, mixture.Place, ports, Opens: true, $"allowance {allowance.Name} lets in what comes from the same addresses of {nodes.Count} Nodes");
    }

    private Planned Make(List<PolicyDenial> group, bool isIPv6, int number)
    {
        var (mixture, server) = (group[0].Mixture, group[0].To);
        var clients = group.Select(d => d.From).Distinct().ToImmutableArray();
        var tier = mixture.Engine == PolicyEngine.Antrea ? AntreaTier : _calico.FirstTier(server.Pod, Direction.Ingress)!.Value.Name;
        var allowance = new PolicyAllowance
        {
            Name = string.Create(CultureInfo.InvariantCulture, $"antrea-migration-allow-{number}"),
            Phase = mixture.Phase,
            Engine = mixture.Engine,
            Namespace = server.Pod.Namespace,
            Labels = LabelsOf(server)!,
            To = $"{server.Name} ({mixture.To} Pods)",
            Ports = [.. AllowedPorts(server, group[0].Ports)],
            Nodes = [.. clients.SelectMany(c => _nodes[c]).Distinct().Order(StringComparer.Ordinal)],
            Addresses = mixture.Addresses,
            IsIPv6 = isIPv6,
            Tier = tier,
            Order = mixture.Engine == PolicyEngine.Antrea ? number : Math.Min(0, _calico.FirstTier(server.Pod, Direction.Ingress)!.Value.Order) - 1,
            For = [.. group.Select(d => d.Change.From).Distinct()],
        };
        return new Planned(allowance, [.. group.Select(d => d.Mixture)], server, group[0].Ports, clients);
    }

    /// <summary>The ports as ranges: the rest is everything but those that are named and not concerned.</summary>
    private static IEnumerable<AllowedPorts> AllowedPorts(PolicyPodClass server, ImmutableArray<PolicyPort> concerned)
    {
        foreach (var ofProtocol in concerned.GroupBy(p => p.Protocol))
        {
            var name = NameOf(ofProtocol.Key);
            if (!ofProtocol.Any(p => p.IsRest))
            {
                var ports = ofProtocol.OrderBy(p => p.First).ToList();
                for (var (i, first) = (0, 0); i < ports.Count; i++)
                {
                    first = first == 0 ? ports[i].First : first;
                    if (i + 1 == ports.Count || ports[i + 1].First > ports[i].Last + 1)
                    {
                        yield return new AllowedPorts(name, first, ports[i].Last);
                        first = 0;
                    }
                }

                continue;
            }

            var next = 1;
            foreach (var left in server.Ports.Where(p => p.Protocol == ofProtocol.Key && !p.IsRest && !concerned.Contains(p)).OrderBy(p => p.First))
            {
                if (left.First > next)
                {
                    yield return new AllowedPorts(name, next, left.First - 1);
                }

                next = left.Last + 1;
            }

            if (next <= 65535)
            {
                yield return new AllowedPorts(name, next, 65535);
            }
        }
    }

    private static bool IsIPv6(PolicyDenial denial) => denial.Mixture.Seen.AddressFamily == AddressFamily.InterNetworkV6;

    private static string NameOf(IPProtocol protocol) => protocol == IPProtocol.Udp ? "UDP" : protocol == IPProtocol.Sctp ? "SCTP" : "TCP";

    /// <summary>Labels that select these Pods and no others, nor these once they get a label that takes them under another policy; null where there are none.</summary>
    private ImmutableSortedDictionary<string, ImmutableArray<string>>? LabelsOf(PolicyPodClass server)
    {
        var neighbours = PolicyWorld.From(_planned).PodsIn(server.Pod.Namespace).ToList();
        var labels = neighbours.SelectMany(p => p.Labels.Keys).Where(_words.Mentions).Concat(KeysIn(server.Pod.Namespace)).Distinct().ToImmutableSortedDictionary(
            key => key,
            key => server.Pods.Where(p => p.Labels.ContainsKey(key)).Select(p => p.Labels[key]).Distinct().Order(StringComparer.Ordinal).ToImmutableArray(),
            StringComparer.Ordinal);
        var chosen = neighbours.Where(p => labels.All(l => l.Value.IsEmpty ? !p.Labels.ContainsKey(l.Key) : p.Labels.TryGetValue(l.Key, out var value) && l.Value.Contains(value)));
        return chosen.ToHashSet().SetEquals(server.Pods) ? labels : null;
    }

    /// <summary>The labels that policies ask of receivers in a Namespace.</summary>
    private List<string> KeysIn(string @namespace)
    {
        if (!_keys.TryGetValue(@namespace, out var keys))
        {
            var calico = _policies.Policies.Select(p => p.Policy).Where(p => p.GovernsIngress && (p.IsGlobal || p.Namespace == @namespace))
                .SelectMany(p => p.Ingress.SelectMany(r => new[] { r.Destination.Selector, r.Destination.NotSelector }).Append(p.Selector))
                .OfType<CalicoSelector>().SelectMany(s => s.Expression.Keys());
            var kubernetes = _policies.KubernetesPolicies.Select(p => p.Policy).Where(p => p.TypesIngress && p.Namespace == @namespace)
                .SelectMany(p => p.PodSelector.Requirements.Select(r => r.Key));
            _keys[@namespace] = keys = [.. calico.Concat(kubernetes).Distinct().Where(IsOfPods)];
        }

        return keys;
    }

    /// <summary>Whether it is a Pod's own label, and none that Calico adds.</summary>
    private static bool IsOfPods(string key) =>
        LabelSyntax.IsKey(key)
        && key is not (CalicoLabels.Namespace or CalicoLabels.Orchestrator or CalicoLabels.ServiceAccount)
        && !key.StartsWith(CalicoLabels.NamespacePrefix, StringComparison.Ordinal)
        && !key.StartsWith(CalicoLabels.ServiceAccountPrefix, StringComparison.Ordinal);

    /// <summary>The Nodes that the class' Pods may run on, as far as their <c>nodeSelector</c> says.</summary>
    private ImmutableArray<string> NodesOf(
        PolicyPodClass pods, Dictionary<(string, string), JsonNode?> specs, Dictionary<string, JsonNode?> labels)
    {
        var selectors = pods.Pods
            .Select(p => specs.GetValueOrDefault((p.Namespace, p.Name))?["nodeSelector"] as JsonObject ?? [])
            .DistinctBy(s => s.ToJsonString()).ToList();
        return
        [
            .. _planned.Nodes.Select(n => n.Name)
                .Where(n => selectors.Exists(s => s.All(l => labels.GetValueOrDefault(n)?[l.Key]?.ToString() == l.Value?.ToString())))
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>Services by which a Node is asked for these Pods, under the Node's address.</summary>
    private IEnumerable<string> ServicesByNodes(PolicyPodClass server) => _planned.OfKind("", "Service")
        .Where(s => s.Namespace == server.Pod.Namespace
            && (s.Json.TextAt("spec", "type") is "NodePort" or "LoadBalancer" || s.Json.ItemsAt("spec", "externalIPs").Any())
            && s.Json.TextAt("spec", "externalTrafficPolicy") != "Local"
            && LabelSelector.FromService(s.Json.At("spec", "selector")) is { } selector
            && server.Pods.Any(p => selector.Matches(p.Labels)))
        .Select(s => $"{s.Namespace}/{s.Name}")
        .Order(StringComparer.Ordinal);
}
