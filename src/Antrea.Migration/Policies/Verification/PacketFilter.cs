using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>What a packet filter does with the first packet of a connection.</summary>
internal enum FilterAction
{
    Allow,
    Drop,
    Reject,

    /// <summary>On to the first rule of the next section.</summary>
    Skip,
}

/// <summary>One rule of a packet filter; every criterion must match.</summary>
/// <param name="Peers">The other end's addresses, first and last of each stretch; null is any.</param>
/// <param name="Protocol">TCP (6) or UDP (17); null is any.</param>
/// <param name="To">Destination ports, first and last; null is any.</param>
/// <param name="From">Source ports likewise.</param>
/// <param name="Action">What happens.</param>
/// <param name="Section">Ascending; see <see cref="FilterAction.Skip"/>.</param>
internal sealed record FilterRule(
    ImmutableArray<(IPAddress First, IPAddress Last)>? Peers,
    byte? Protocol,
    (int First, int Last)? To,
    (int First, int Last)? From,
    FilterAction Action,
    int Section);

/// <summary>One engine's policies as lists of rules that a packet filter can hold: the first that matches decides, and none means Allow.</summary>
/// <remarks>The lists are those that proofs compare, so they share with the evaluators nothing but what selectors mean. TCP and UDP over IPv4. Safe for use by several threads.</remarks>
internal sealed class PacketFilter
{
    private const byte Tcp = 6;
    private const byte Udp = 17;

    private readonly Lock _gate = new();
    private readonly ProofSpace _space;
    private readonly Func<int, int, Direction, DecisionList> _listOf;
    private readonly Dictionary<(string Namespace, string Name), int> _pods = [];
    private readonly Dictionary<(int List, Direction Direction), ImmutableArray<FilterRule>> _known = [];

    private PacketFilter(ProofSpace space, Func<int, int, Direction, DecisionList> listOf)
    {
        (_space, _listOf) = (space, listOf);
        foreach (var (pod, i) in space.World.Pods.Select((pod, i) => (pod, i)))
        {
            _pods.TryAdd((pod.Namespace, pod.Name), i);
        }
    }

    /// <summary>Calico's, and Kubernetes' beside them.</summary>
    /// <param name="snapshot">One that <see cref="PolicyEvaluators.CalicoTables"/> takes.</param>
    /// <param name="options">The versions to go by.</param>
    public static PacketFilter ForCalico(ClusterSnapshot snapshot, PolicyConversionOptions options)
    {
        var set = CalicoPolicySet.Read(snapshot, PolicyConverter.CalicoVersion(snapshot, options, []));
        var space = SpaceOf(snapshot, set, AntreaPolicySet.Read([], PolicyEvaluators.AntreaVersion(options)));
        var enforcesHttp = new FelixSettings(snapshot).IsSetAnywhere("policySyncPathPrefix");
        return new PacketFilter(space, new CalicoDecisions(set, space, p => CalicoLimits.Check(p, set.Version, enforcesHttp).Any()).At);
    }

    /// <summary>Antrea's, and Kubernetes' beside them.</summary>
    /// <param name="snapshot">One that <see cref="PolicyEvaluators.AntreaTables"/> takes.</param>
    /// <param name="objects">Antrea's policies, groups and tiers.</param>
    /// <exception cref="NotSupportedException">A policy depends on more than objects tell; all such fields are named.</exception>
    public static PacketFilter ForAntrea(ClusterSnapshot snapshot, IEnumerable<JsonObject> objects)
    {
        var set = AntreaPolicySet.Read(objects.Select(o => new ClusterObject(o, "cluster")), PolicyEvaluators.AntreaVersion(new()));
        AntreaUndecidable.ThrowIfAny(set);
        var kubernetes = CalicoPolicySet.Read(
            snapshot with { Objects = [.. snapshot.Objects.Where(o => o.Group == KubernetesPolicyReader.Group)] }, PolicyConverter.CalicoVersion(snapshot, new(), []));
        var space = SpaceOf(snapshot, kubernetes, set);
        return new PacketFilter(space, new AntreaDecisions(set, kubernetes.KubernetesPolicies.Select(k => k.Policy), space).At);
    }

    /// <summary>The rules of a Pod; null when policies do not know it.</summary>
    /// <param name="podNamespace">The Pod's Namespace.</param>
    /// <param name="name">The Pod's name.</param>
    /// <param name="address">The address of its interface. One that its status does not tell is taken as the first that it does.</param>
    /// <param name="direction">Which way packets go, as the Pod sees it.</param>
    /// <exception cref="NotSupportedException">What a policy does to the Pod is not defined.</exception>
    public ImmutableArray<FilterRule>? Find(string podNamespace, string name, IPAddress address, Direction direction)
    {
        if (!_pods.TryGetValue((podNamespace, name), out var pod) || _space.Addresses.AtomsOf(pod).IsEmpty)
        {
            return null;
        }

        var atoms = _space.Addresses.AtomsOf(pod).ToArray();
        var atom = atoms.FirstOrDefault(a => _space.Addresses.AddressOf(a).Equals(address), atoms[0]);
        lock (_gate)
        {
            var list = _listOf(pod, atom, direction);
            if (!_known.TryGetValue((list.Id, direction), out var rules))
            {
                if (list.Rules.Any(rule => rule.IsUncertain || rule.Effect == Effect.Undecidable))
                {
                    throw new NotSupportedException($"What the policies of {podNamespace}/{name} do ({direction}) is not defined: no packet filter can hold them.");
                }

                _known[(list.Id, direction)] = rules = [.. list.Rules.SelectMany(RulesOf)];
            }

            return rules;
        }
    }

    private static ProofSpace SpaceOf(ClusterSnapshot snapshot, CalicoPolicySet calico, AntreaPolicySet antrea)
    {
        var world = PolicyWorld.From(snapshot);
        return new ProofSpace(
            world,
            new AddressSpace([.. world.Pods.Select(p => new ProofPod(p, IsSynthetic: false))], MentionedNetworks.Of(calico, antrea, world)));
    }

    private IEnumerable<FilterRule> RulesOf(DecisionRule rule)
    {
        var action = rule.Effect switch
        {
            Effect.Allow => FilterAction.Allow,
            Effect.Skip => FilterAction.Skip,
            _ => rule.IsAnswered ? FilterAction.Reject : FilterAction.Drop,
        };
        foreach (var (peers, services) in rule.Flows.Boxes)
        {
            var v4 = _space.Addresses.Sets.Intersect(peers, _space.Addresses.V4);
            if (v4.IsEmpty)
            {
                continue;
            }

            var stretches = v4 == _space.Addresses.V4 ? null : (ImmutableArray<(IPAddress, IPAddress)>?)[.. _space.Addresses.StretchesOf(v4)];
            foreach (var (protocol, to, from) in services.Boxes.SelectMany(ServicesOf))
            {
                yield return new FilterRule(stretches, protocol, to, from, action, rule.Section);
            }
        }
    }

    private static IEnumerable<(byte? Protocol, (int First, int Last)? To, (int First, int Last)? From)> ServicesOf(ServiceBox box)
    {
        if (box is { To: null, From: null } && box.Protocols == ProtocolSet.All)
        {
            yield return (null, null, null);
            yield break;
        }

        foreach (var protocol in (byte[])[Tcp, Udp])
        {
            if (box.Protocols.Contains(protocol))
            {
                foreach (var to in RunsOf(box.To))
                {
                    foreach (var from in RunsOf(box.From))
                    {
                        yield return (protocol, to, from);
                    }
                }
            }
        }
    }

    private static IEnumerable<(int First, int Last)?> RunsOf(int[]? runs)
    {
        if (runs is null)
        {
            yield return null;
            yield break;
        }

        for (var i = 0; i < runs.Length; i += 2)
        {
            yield return (runs[i], runs[i + 1] - 1);
        }
    }
}
