using System.Collections.Immutable;

namespace Antrea.Migration.AntreaApi;

/// <summary>The operators of a Kubernetes label selector.</summary>
internal enum LabelOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// <summary>One requirement on one label. NotIn and DoesNotExist hold for a missing label.</summary>
/// <param name="Key">The label's key.</param>
/// <param name="Operator">The comparison.</param>
/// <param name="Values">Sorted, each once; empty for Exists and DoesNotExist, and only for those.</param>
internal sealed record LabelRequirement(string Key, LabelOperator Operator, ImmutableArray<string> Values)
{
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        var present = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            LabelOperator.In => present && Values.Contains(value!),
            LabelOperator.NotIn => !present || !Values.Contains(value!),
            LabelOperator.Exists => present,
            _ => !present,
        };
    }
}

/// <summary>A Kubernetes label selector: all requirements must hold; without any it selects everything.</summary>
/// <remarks>Kubernetes v1 <c>LabelSelector</c>; <c>matchLabels</c> is read as In with one value and written back as such.</remarks>
internal sealed record LabelSelector(ImmutableArray<LabelRequirement> Requirements)
{
    /// <summary>The selector that selects everything.</summary>
    public static readonly LabelSelector Everything = new([]);

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }
}
