using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>One alternative for the other side of a rule; a closed family.</summary>
internal abstract record RulePeer
{
    private RulePeer()
    {
    }

    /// <summary>The peer as an entry of a rule of a policy in a Namespace (or of the cluster: empty).</summary>
    public abstract AntreaPeer ToPeer(string policyNamespace);

    /// <summary>Pods by labels, or by one service account.</summary>
    public sealed record Pods(SelectorTerm Term) : RulePeer
    {
        public override AntreaPeer ToPeer(string policyNamespace) => Term.ToPeer(policyNamespace);
    }

    /// <summary>Every address of a network but those of some networks in it. It matches Pods that have such addresses as well.</summary>
    public sealed record Network(Cidr Net, ImmutableArray<Cidr> Except) : RulePeer
    {
        public Network(Cidr net)
            : this(net, [])
        {
        }

        public bool Equals(Network? other) => other is not null && Net == other.Net && Except.SequenceEqual(other.Except);

        public override int GetHashCode() => HashCode.Combine(Net, Except.Length);

        public override AntreaPeer ToPeer(string policyNamespace) => AntreaPeer.Of(Net) with { Except = Except };
    }
}
