using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Reading;

/// <summary>Looks at Antrea objects that people wrote as Antrea would: what its API server drops, its controller misreads, its webhooks refuse.</summary>
public static class AntreaObjectCheck
{
    /// <summary>Whether an object is a policy, group or Tier of <c>crd.antrea.io</c>.</summary>
    public static bool Covers(ClusterObject obj)
    {
        ArgumentNullException.ThrowIfNull(obj);
        return AntreaPolicySet.Holds(obj);
    }

    /// <summary>The objects that were given twice with different content: which one counts is nobody's to choose, though a snapshot holds the last. Empty when
    /// there are none.</summary>
    /// <param name="snapshot">What the objects were read into.</param>
    public static ImmutableArray<InputError> CheckDuplicates(ClusterSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var different = snapshot.ReadFindings
            .Where(f => f is { Id: ReadFindingIds.DuplicateObject, Severity: > Severity.Info })
            .ToLookup(f => f.Subject, StringComparer.Ordinal);
        return
        [
            .. snapshot.Objects.Where(Covers)
                .SelectMany(o => different[o.ToString()].Take(1), (o, f) => InputError.In(o, f.Evidence)),
        ];
    }

    /// <summary>Everything wrong with the objects together; a Tier that a policy names must be among them. Empty when nothing is.</summary>
    /// <param name="objects">Objects that are covered, each with the file it comes from.</param>
    /// <param name="options">The Antrea release to go by.</param>
    /// <exception cref="ArgumentException">A version in <paramref name="options"/> is malformed.</exception>
    public static ImmutableArray<InputError> Check(IEnumerable<ClusterObject> objects, PolicyConversionOptions options)
    {
        ArgumentNullException.ThrowIfNull(objects);
        ArgumentNullException.ThrowIfNull(options);
        var all = objects.ToList();
        try
        {
            return [.. AntreaAdmission.Check(all, AntreaPolicySet.Read(all, PolicyEvaluators.AntreaVersion(options)))];
        }
        catch (InputException e)
        {
            return e.Errors;
        }
    }
}
