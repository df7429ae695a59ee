using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Lab.Policies;

/// <summary>One engine's policies at one moment, compiled over the Pods of that moment. Immutable.</summary>
/// <remarks>Addresses are those in Pods' statuses (<c>podIPs</c>), which is all that both engines put into a peer's address set:
/// a Multus Pod's second address is nobody's, and a masqueraded source is the Node's.</remarks>
internal sealed class PolicyTable
{
    /// <summary>Before anything was compiled: it knows no Pod and has no policy in force.</summary>
    public static readonly PolicyTable Empty = new()
    {
        Stamp = 0,
        World = new PolicyWorld([], ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, string>>.Empty),
    };

    private readonly Dictionary<(string Namespace, string Name), PolicyPod> _byName = [];
    private readonly Dictionary<IPAddress, PolicyPod> _byAddress = [];

    /// <summary>Which changes it has seen.</summary>
    public required long Stamp { get; init; }

    /// <summary>The Pods that can be selected.</summary>
    public required PolicyWorld World
    {
        init
        {
            foreach (var pod in value.Pods)
            {
                _byName[(pod.Namespace, pod.Name)] = pod;
                foreach (var address in pod.Addresses)
                {
                    _byAddress.TryAdd(address, pod);
                }
            }
        }
    }

    /// <summary>The engine; null when not even a cluster without policies could be compiled, which was told as a failure.</summary>
    public IPolicyEvaluator? Evaluator { get; init; }

    /// <summary>The same policies as a packet filter's rules; null where <see cref="Evaluator"/> is.</summary>
    public Lazy<PacketFilter>? Filter { get; init; }

    /// <summary>Whether the engine answers what it denies, whatever the rule.</summary>
    public bool AnswersDenials { get; init; }

    /// <summary>The policies that take part: generation by uid.</summary>
    public ImmutableDictionary<string, long> InForce { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>The policies that cannot be modelled: why, by uid.</summary>
    public ImmutableDictionary<string, string> Refused { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Whether a policy takes part as it is now.</summary>
    public bool Includes(JsonObject policy) =>
        InForce.TryGetValue(policy.UidOf(), out var generation) && generation >= (policy.Number("metadata", "generation") ?? 1);

    /// <summary>The Pod behind an interface; null when policies do not know it yet, or not any more.</summary>
    public PolicyPod? Find(PodNetns pod) => _byName.GetValueOrDefault((pod.PodNamespace, pod.PodName));

    /// <summary>What the policies of <paramref name="subject"/> say of a packet with these addresses.</summary>
    public Verdict Evaluate(PolicyDirection direction, PolicyPod subject, Flow packet)
    {
        var isIngress = direction == PolicyDirection.Ingress;
        var traffic = new Traffic(
            End(packet.Source, isIngress ? null : subject),
            End(packet.Destination, isIngress ? subject : null),
            packet.Protocol == TransportProtocol.Tcp ? IPProtocol.Tcp : IPProtocol.Udp,
            packet.SourcePort,
            packet.DestinationPort);
        return Evaluator?.Evaluate(traffic, isIngress ? Direction.Ingress : Direction.Egress)
            ?? new Verdict(VerdictKind.Allow, ["nothing could be compiled"]);
    }

    /// <summary>The rules at an interface of a Pod; null when policies do not know it.</summary>
    public PolicyRules? RulesOf(PolicyDirection direction, PodNetns pod, IPAddress address)
    {
        if (Find(pod) is null)
        {
            return null;
        }

        var rules = Filter?.Value.Find(pod.PodNamespace, pod.PodName, address, direction == PolicyDirection.Ingress ? Direction.Ingress : Direction.Egress) ?? [];
        return new PolicyRules(AnswersDenials ? [.. rules.Select(r => r.Action == FilterAction.Drop ? r with { Action = FilterAction.Reject } : r)] : rules);
    }

    private TrafficEndpoint End(IPAddress address, PolicyPod? subject) =>
        new(address, subject ?? _byAddress.GetValueOrDefault(address));
}
