namespace Antrea.Migration.Policies.Verification;

/// <summary>Ports that one end of a flow may have, where that depends on the end's address: names of ports do.</summary>
/// <param name="Where">The addresses that this is about.</param>
/// <param name="Protocols">The protocols.</param>
/// <param name="Ports">The ports as <see cref="NumberRuns"/>; null is any.</param>
internal sealed record PortTerm(AddressSet Where, ProtocolSet Protocols, int[]? Ports)
{
    /// <summary>Any address, protocol and port.</summary>
    public static PortTerm Any(AddressSpace space) => new(space.All, ProtocolSet.All, null);
}

/// <summary>Flows between some addresses at the policy's end and some at the other, of some services.</summary>
/// <param name="Own">The addresses of the policy's end; null is any.</param>
/// <param name="Peers">The addresses of the other end.</param>
/// <param name="Services">Services; alternatives.</param>
/// <param name="OwnPorts">The ports of the policy's end, besides what <paramref name="Services"/> says; alternatives.</param>
/// <param name="PeerPorts">The ports of the other end likewise.</param>
internal sealed record FlowAlternative(
    AddressSet? Own, AddressSet Peers, ServiceBox[] Services, PortTerm[] OwnPorts, PortTerm[] PeerPorts);

/// <summary>A rule ready to be written down for each of its subjects. Not safe for use by several threads.</summary>
/// <param name="alternatives">What it matches.</param>
/// <param name="direction">Which end the policy is at.</param>
internal sealed class CompiledRule(IReadOnlyList<FlowAlternative> alternatives, Direction direction)
{
    private readonly Dictionary<int[], FlowSet> _known = new(IntSequence.Comparer);
    private FlowSet? _only;

    public required Effect Effect { get; init; }

    public bool IsUncertain { get; init; }

    public bool IsAnswered { get; init; }

    /// <summary>The flows that the rule matches at one address of the policy's end.</summary>
    public FlowSet At(int atom, AddressSpace space, ServiceSets services, DecisionLists lists)
    {
        if (_only is not null)
        {
            return _only;
        }

        return alternatives.All(a => a.Own is null && a.OwnPorts is [var any] && any.Where == space.All)
            ? _only = Flows([.. alternatives.Select(_ => 1), .. alternatives.Select(_ => 0)], space, services, lists)
            : OfThose(atom, space, services, lists);
    }

    /// <summary>The flows of the alternatives that hold at an address.</summary>
    private FlowSet OfThose(int atom, AddressSpace space, ServiceSets services, DecisionLists lists)
    {
        // Per alternative, how many terms of the own end hold here; then which.
        var active = alternatives.Select(a => Active(a, atom)).ToList();
        int[] key = [.. active.Select(a => a.Length), .. active.SelectMany(a => a)];
        if (!_known.TryGetValue(key, out var flows))
        {
            _known[key] = flows = Flows(key, space, services, lists);
        }

        return flows;
    }

    private static int[] Active(FlowAlternative alternative, int atom) =>
        alternative.Own is { } own && !own.Contains(atom)
            ? []
            : [.. Enumerable.Range(0, alternative.OwnPorts.Length).Where(i => alternative.OwnPorts[i].Where.Contains(atom))];

    private FlowSet Flows(int[] key, AddressSpace space, ServiceSets services, DecisionLists lists)
    {
        var boxes = new List<FlowBox>();
        var next = alternatives.Count;
        for (var i = 0; i < alternatives.Count; i++)
        {
            var own = key.AsSpan(next, key[i]).ToArray();
            next += key[i];
            var alternative = alternatives[i];
            foreach (var peer in alternative.PeerPorts)
            {
                var peers = peer.Where == space.All ? alternative.Peers : space.Sets.Intersect(alternative.Peers, peer.Where);
                if (!peers.IsEmpty && own.Length > 0)
                {
                    boxes.Add(new FlowBox(
                        peers,
                        services.Of(own.SelectMany(_ => alternative.Services, (o, s) => Box(s, alternative.OwnPorts[o], peer)))));
                }
            }
        }

        return lists.Flows(boxes);
    }

    private ServiceBox Box(ServiceBox service, PortTerm own, PortTerm peer)
    {
        var (to, from) = direction == Direction.Ingress ? (own.Ports, peer.Ports) : (peer.Ports, own.Ports);
        return new ServiceBox(
            service.Protocols & own.Protocols & peer.Protocols,
            NumberRuns.Intersect(service.To, to),
            NumberRuns.Intersect(service.From, from));
    }
}
