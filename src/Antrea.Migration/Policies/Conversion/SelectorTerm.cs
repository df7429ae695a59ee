using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>A conjunction of demands on a Pod's labels and on its Namespace's: what one <c>podSelector</c> with one
/// <c>namespaceSelector</c> can say; or one service account.</summary>
internal sealed record SelectorTerm(
    ImmutableSortedDictionary<string, LabelConstraint> Pod, ImmutableSortedDictionary<string, LabelConstraint> Namespace)
{
    /// <summary>The label that holds a Namespace's name; Kubernetes sets it from 1.21 on.</summary>
    public const string NamespaceNameKey = "kubernetes.io/metadata.name";

    /// <summary>The service accounts that the Pod may run as; null for any. Never empty.</summary>
    public ImmutableSortedSet<AntreaServiceReference>? Accounts { get; init; }

    /// <summary>Whether Antrea can say it: labels, or one service account and nothing else.</summary>
    public bool IsExpressible => Accounts is null || (Accounts.Count == 1 && Pod.IsEmpty && Namespace.IsEmpty);

    private static readonly ImmutableSortedDictionary<string, LabelConstraint> NoConstraints =
        ImmutableSortedDictionary.Create<string, LabelConstraint>(StringComparer.Ordinal);

    /// <summary>The term that every Pod satisfies.</summary>
    public static readonly SelectorTerm Everything = new(NoConstraints, NoConstraints);

    /// <summary>The term of a demand on one label of the Pod, or of its Namespace.</summary>
    public static SelectorTerm Of(string key, LabelConstraint constraint, bool onNamespace) =>
        onNamespace
            ? Everything with { Namespace = NoConstraints.Add(key, constraint) }
            : Everything with { Pod = NoConstraints.Add(key, constraint) };

    /// <summary>The term of a Kubernetes selector on Pods of one Namespace.</summary>
    public static SelectorTerm? Of(LabelSelector podSelector, string @namespace)
    {
        SelectorTerm? term = InNamespace(@namespace);
        foreach (var requirement in podSelector.Requirements)
        {
            var constraint = requirement.Operator switch
            {
                LabelOperator.In => LabelConstraint.OneOf(requirement.Values),
                LabelOperator.NotIn => LabelConstraint.NoneOf(requirement.Values),
                LabelOperator.Exists => LabelConstraint.Present,
                _ => LabelConstraint.Absent,
            };
            term = constraint is null ? null : term?.And(Of(requirement.Key, constraint, onNamespace: false));
        }

        return term;
    }

    /// <summary>The term of all Pods of one Namespace.</summary>
    public static SelectorTerm InNamespace(string name) =>
        Of(NamespaceNameKey, LabelConstraint.OneOf([name])!, onNamespace: true);

    /// <summary>Both terms; null when no Pod can satisfy them.</summary>
    public SelectorTerm? And(SelectorTerm other)
    {
        var accounts = Accounts is null ? other.Accounts : other.Accounts is null ? Accounts : Accounts.Intersect(other.Accounts);
        return accounts is not { IsEmpty: true } && Merge(Pod, other.Pod) is { } pod && Merge(Namespace, other.Namespace) is { } ns
            ? new SelectorTerm(pod, ns) { Accounts = accounts }
            : null;
    }

    /// <summary>The name of the one Namespace the term is bound to; null when it is bound to none, or to several.</summary>
    public string? BoundNamespace =>
        Namespace.TryGetValue(NamespaceNameKey, out var name) && name.Allowed is { Count: 1 } names ? names[0] : null;

    /// <summary>Whether the only demand on the Namespace is its name being this.</summary>
    public bool AsksOnlyNamespace(string name) => Namespace.Count == 1 && BoundNamespace == name;

    /// <summary>The term as a peer, or as an entry of <c>appliedTo</c>, of a policy in a Namespace (or of the cluster: empty).</summary>
    public AntreaPeer ToPeer(string policyNamespace)
    {
        if (Accounts is not null)
        {
            return new AntreaPeer(null, null, null) { ServiceAccount = Accounts[0] };
        }

        var isCluster = policyNamespace.Length == 0;
        return (isCluster ? Namespace.IsEmpty : AsksOnlyNamespace(policyNamespace))
            ? new AntreaPeer(null, ToPodSelector(), null)
            : new AntreaPeer(null, Pod.IsEmpty ? null : ToPodSelector(), ToNamespaceSelector());
    }

    public LabelSelector ToPodSelector() => ToSelector(Pod);

    public LabelSelector ToNamespaceSelector() => ToSelector(Namespace);

    /// <inheritdoc/>
    public bool Equals(SelectorTerm? other) =>
        other is not null
        && Pod.SequenceEqual(other.Pod)
        && Namespace.SequenceEqual(other.Namespace)
        && (Accounts is null) == (other.Accounts is null)
        && (Accounts is null || Accounts.SetEquals(other.Accounts!));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Pod.Count, Namespace.Count, Accounts?.Count);

    private static LabelSelector ToSelector(ImmutableSortedDictionary<string, LabelConstraint> constraints) =>
        new([.. constraints.SelectMany(c => c.Value.ToRequirements(c.Key))]);

    private static ImmutableSortedDictionary<string, LabelConstraint>? Merge(
        ImmutableSortedDictionary<string, LabelConstraint> left, ImmutableSortedDictionary<string, LabelConstraint> right)
    {
        foreach (var (key, constraint) in right)
        {
            var merged = left.TryGetValue(key, out var present) ? present.And(constraint) : constraint;
            if (merged is null)
            {
                return null;
            }

            left = left.SetItem(key, merged);
        }

        return left;
    }
}
