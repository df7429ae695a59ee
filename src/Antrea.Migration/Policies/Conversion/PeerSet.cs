using System.Collections.Immutable;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>The other side of a rule, in Antrea's words: anything, or Pods and networks.</summary>
internal sealed record PeerSet
{
    /// <summary>Every address.</summary>
    public static readonly PeerSet Anything = new() { IsAnything = true, NamedPortTerms = [SelectorTerm.Everything] };

    /// <summary>Whether every address is meant; then nothing else is given.</summary>
    public bool IsAnything { get; init; }

    /// <summary>Pods by labels or service account.</summary>
    public ImmutableArray<SelectorTerm> Terms { get; init; } = [];

    public ImmutableArray<RulePeer.Network> Networks { get; init; } = [];

    /// <summary>The networks that <see cref="Networks"/> come from, or that cut them out, with their paths.</summary>
    public ImmutableArray<(Cidr Net, string Path)> Origins { get; init; } = [];

    /// <summary>The Pods whose own named ports count; networks have none.</summary>
    public ImmutableArray<SelectorTerm> NamedPortTerms { get; init; } = [];

    /// <summary>Whether nothing is meant.</summary>
    public bool IsNothing => !IsAnything && Terms.IsEmpty && Networks.IsEmpty;

    /// <summary>As peers of a rule; empty for anything.</summary>
    public ImmutableArray<RulePeer> ToPeers() => [.. Terms.Select(t => new RulePeer.Pods(t)), .. Networks];

    /// <summary>The addresses of the networks.</summary>
    public AddressRanges Addresses() => Networks.Aggregate(
        AddressRanges.Of(Networks.Where(n => n.Except.IsEmpty).Select(n => n.Net)),
        (all, n) => n.Except.IsEmpty ? all : all.Union(AddressRanges.Of([n.Net]).Except(AddressRanges.Of(n.Except))));
}
