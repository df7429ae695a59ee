using System.Collections.Immutable;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Everything a conjunction asks of one label, in normal form.</summary>
/// <remarks>Equal demands have equal constraints, whichever way they were written.</remarks>
internal sealed record LabelConstraint
{
    private LabelConstraint(ImmutableSortedSet<string>? allowed, ImmutableSortedSet<string> excluded, bool required)
    {
        Allowed = allowed;
        Excluded = excluded;
        Required = required;
    }

    /// <summary>The label must be absent.</summary>
    public static readonly LabelConstraint Absent = new([], [], required: false);

    /// <summary>The label must be there, with any value.</summary>
    public static readonly LabelConstraint Present = new(null, [], required: true);

    /// <summary>The values the label may have; null for any. Empty with <see cref="Required"/> false means absent.</summary>
    public ImmutableSortedSet<string>? Allowed { get; }

    /// <summary>Values the label must not have; empty when <see cref="Allowed"/> is given.</summary>
    public ImmutableSortedSet<string> Excluded { get; }

    /// <summary>Whether the label must be there.</summary>
    public bool Required { get; }

    /// <summary>The label must be there with one of the values; null when no value is left.</summary>
    public static LabelConstraint? OneOf(IEnumerable<string> values)
    {
        var allowed = values.ToImmutableSortedSet(StringComparer.Ordinal);
        return allowed.IsEmpty ? null : new LabelConstraint(allowed, [], required: true);
    }

    /// <summary>The label is absent or has none of the values.</summary>
    public static LabelConstraint NoneOf(IEnumerable<string> values) =>
        new(null, values.ToImmutableSortedSet(StringComparer.Ordinal), required: false);

    /// <summary>Both demands; null when no label satisfies them.</summary>
    public LabelConstraint? And(LabelConstraint other)
    {
        var required = Required || other.Required;
        if (IsAbsent || other.IsAbsent)
        {
            return required ? null : Absent;
        }

        var excluded = Excluded.Union(other.Excluded);
        if (Allowed is null && other.Allowed is null)
        {
            return new LabelConstraint(null, excluded, required);
        }

        var allowed = (Allowed ?? other.Allowed!).Intersect(other.Allowed ?? Allowed!).Except(excluded);
        return OneOf(allowed);
    }

    /// <summary>What a label must be like to fail this demand, as alternatives; none when nothing is asked.</summary>
    public IEnumerable<LabelConstraint> Complement()
    {
        if (IsAbsent)
        {
            return [Present];
        }

        if (Allowed is not null)
        {
            return [NoneOf(Allowed)];
        }

        return (Required ? [Absent] : Array.Empty<LabelConstraint>()).Concat(OneOf(Excluded) is { } excluded ? [excluded] : []);
    }

    /// <summary>The constraint as requirements of a label selector; none when it asks nothing.</summary>
    public IEnumerable<LabelRequirement> ToRequirements(string key)
    {
        if (IsAbsent)
        {
            yield return new LabelRequirement(key, LabelOperator.DoesNotExist, []);
            yield break;
        }

        if (Allowed is not null)
        {
            yield return new LabelRequirement(key, LabelOperator.In, [.. Allowed]);
            yield break;
        }

        if (Required)
        {
            yield return new LabelRequirement(key, LabelOperator.Exists, []);
        }

        if (!Excluded.IsEmpty)
        {
            yield return new LabelRequirement(key, LabelOperator.NotIn, [.. Excluded]);
        }
    }

    /// <inheritdoc/>
    public bool Equals(LabelConstraint? other) =>
        other is not null
        && Required == other.Required
        && (Allowed is null) == (other.Allowed is null)
        && (Allowed is null || Allowed.SetEquals(other.Allowed!))
        && Excluded.SetEquals(other.Excluded);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Required, Allowed?.Count, Excluded.Count);

    private bool IsAbsent => Allowed is { IsEmpty: true };
}
