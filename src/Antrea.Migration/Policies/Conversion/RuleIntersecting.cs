using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Intersects matches, demand by demand and alternative by alternative.</summary>
/// <remarks>Two selectors, two networks and two ports always have an intersection that Antrea can say. A selector and a network have one only
/// where the network holds no Pod's address, or every one.</remarks>
internal sealed class RuleIntersecting(RuleContext context)
{
    /// <summary>How many alternatives of one kind an intersection may grow to.</summary>
    private const int MaxAlternatives = 4096;

    private readonly List<string> _reasons = [];

    public RuleIntersection Intersect(RuleMatch left, RuleMatch right)
    {
        var subjects = Pairs(left.Subjects, right.Subjects, "Pods that both rules apply to", (a, b) => Terms(a, b));
        var peers = Pairs(left.Peers, right.Peers, "peers", Peers);
        var leftAny = left.Ports.IsEmpty && left.Protocols.IsEmpty;
        var rightAny = right.Ports.IsEmpty && right.Protocols.IsEmpty;
        var before = _reasons.Count;
        var ports = leftAny ? right.Ports : rightAny ? left.Ports : Product(left.Ports, right.Ports, "ports", Ports);
        var protocols = leftAny ? right.Protocols : rightAny ? left.Protocols : Product(left.Protocols, right.Protocols, "ICMP messages", Protocols);
        var noService = !leftAny && !rightAny && ports.IsEmpty && protocols.IsEmpty && _reasons.Count == before;
        if (subjects is null || peers is null || noService)
        {
            return new RuleIntersection.Nothing();
        }

        return _reasons.Count > 0
            ? new RuleIntersection.Inexpressible(_reasons[0])
            : new RuleIntersection.Some(new RuleMatch { Subjects = subjects.Value, Peers = peers.Value, Ports = ports, Protocols = protocols });
    }

    /// <summary>The product of two lists that mean anything when empty; null when nothing is left.</summary>
    private ImmutableArray<T>? Pairs<T>(ImmutableArray<T> left, ImmutableArray<T> right, string what, Func<T, T, IEnumerable<T>> meet)
    {
        if (left.IsEmpty || right.IsEmpty)
        {
            return left.IsEmpty ? right : left;
        }

        var before = _reasons.Count;
        var both = Product(left, right, what, meet);
        return both.IsEmpty && _reasons.Count == before ? null : both;
    }

    private ImmutableArray<T> Product<T>(ImmutableArray<T> left, ImmutableArray<T> right, string what, Func<T, T, IEnumerable<T>> meet)
    {
        if ((long)left.Length * right.Length > MaxAlternatives * 16L)
        {
            _reasons.Add($"{left.Length} and {right.Length} {what} have too many combinations");
            return [];
        }

        ImmutableArray<T> both = [.. left.SelectMany(_ => right, meet).SelectMany(m => m).Distinct()];
        if (both.Length > MaxAlternatives)
        {
            _reasons.Add($"{both.Length} {what} are more than the {MaxAlternatives} that one rule takes");
        }

        return both;
    }

    private IEnumerable<SelectorTerm> Terms(SelectorTerm left, SelectorTerm right)
    {
        if (left.And(right) is not { } both)
        {
            return [];
        }

        if (both.IsExpressible)
        {
            return [both];
        }

        if (context.Selectors.Resolve(both, out var problem) is { } terms)
        {
            return terms;
        }

        _reasons.Add(problem!);
        return [];
    }

    private IEnumerable<RulePeer> Peers(RulePeer left, RulePeer right) => (left, right) switch
    {
        (RulePeer.Pods a, RulePeer.Pods b) => Terms(a.Term, b.Term).Select(t => new RulePeer.Pods(t)),
        (RulePeer.Network a, RulePeer.Network b) => Networks(a, b),
        (RulePeer.Pods, RulePeer.Network other) when !context.Families.Has(other.Net) => [],
        (RulePeer.Network other, RulePeer.Pods) when !context.Families.Has(other.Net) => [],
        (RulePeer.Pods pods, RulePeer.Network network) => Mixed(pods, network),
        (RulePeer.Network network, RulePeer.Pods pods) => Mixed(pods, network),
        _ => throw new InvalidOperationException("A peer is Pods or a network."),
    };

    private static IEnumerable<RulePeer> Networks(RulePeer.Network left, RulePeer.Network right)
    {
        if (!left.Net.Overlaps(right.Net))
        {
            return [];
        }

        var net = left.Net.Contains(right.Net) ? right.Net : left.Net;
        var except = left.Except.Concat(right.Except).Where(e => e.Overlaps(net)).ToList();
        return except.Exists(e => e.Contains(net))
            ? []
            : [new RulePeer.Network(net, [.. except.Where(e => !except.Exists(o => o != e && o.Contains(e))).Distinct().Order()])];
    }

    private IEnumerable<RulePeer> Mixed(RulePeer.Pods pods, RulePeer.Network network)
    {
        switch (context.Addresses.HoldOf(AddressRanges.Of([network.Net]).Except(AddressRanges.Of(network.Except))))
        {
            case PodAddressHold.None:
                return [];
            case PodAddressHold.All when !context.Families.IsDualStack:
                return [pods];
            default:
                _reasons.Add($"Pods by labels and {network.Net} have some Pods in common, which no Antrea rule selects");
                return [];
        }
    }

    private IEnumerable<AntreaPort> Ports(AntreaPort left, AntreaPort right)
    {
        if (left.Protocol != right.Protocol)
        {
            return [];
        }

        if ((left.Name ?? right.Name) is { } name)
        {
            // Names and numbers meet where a Pod says so.
            var (named, other) = left.Name is null ? (right, left) : (left, right);
            if (other.Name == name || other is { Name: null, Port: null, SourcePort: null })
            {
                return [named];
            }

            _reasons.Add($"whether port {name} is the same as another one differs from Pod to Pod");
            return [];
        }

        if (!Meet((left.Port, left.EndPort ?? left.Port), (right.Port, right.EndPort ?? right.Port), out var port)
            || !Meet(
                (left.SourcePort, left.SourceEndPort ?? left.SourcePort),
                (right.SourcePort, right.SourceEndPort ?? right.SourcePort),
                out var source))
        {
            return [];
        }

        return [new AntreaPort(left.Protocol, port.First, End(port), source.First, End(source))];
    }

    private static bool Meet((int? First, int? Last) left, (int? First, int? Last) right, out (int? First, int? Last) both)
    {
        both = left.First is null ? right : right.First is null ? left
            : (Math.Max(left.First.Value, right.First.Value), Math.Min(left.Last!.Value, right.Last!.Value));
        return both.First is null || both.First <= both.Last;
    }

    private static int? End((int? First, int? Last) range) => range.Last > range.First ? range.Last : null;

    private static IEnumerable<AntreaProtocol> Protocols(AntreaProtocol left, AntreaProtocol right) =>
        left.IsIgmp != right.IsIgmp || (left.Type ?? right.Type) != (right.Type ?? left.Type) || (left.Code ?? right.Code) != (right.Code ?? left.Code)
            ? []
            : [new AntreaProtocol(left.IsIgmp, left.Type ?? right.Type, left.Code ?? right.Code)];
}
