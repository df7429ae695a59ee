using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;

namespace Antrea.Migration.Policies.Reading;

/// <summary>The Antrea objects that take part in verdicts: policies, the tiers and the groups that they name.</summary>
internal sealed record AntreaPolicySet
{
    /// <summary>The group of every object here.</summary>
    public const string Group = "crd.antrea.io";

    /// <summary>The release whose schemas and controller read them.</summary>
    public required ReleaseVersion Version { get; init; }

    /// <summary>Each policy once, sorted by kind, Namespace and name.</summary>
    public ImmutableArray<AntreaPolicy> Policies { get; init; } = [];

    /// <summary>The tiers given; Antrea's own are not among them unless they were given.</summary>
    public ImmutableArray<AntreaTier> Tiers { get; init; } = [];

    /// <summary>ClusterGroups and Groups.</summary>
    public ImmutableArray<AntreaGroup> Groups { get; init; } = [];

    /// <summary>Whether objects of a kind belong here.</summary>
    public static bool Holds(ClusterObject obj) =>
        obj.Group == Group && obj.Kind is "Tier" or "ClusterGroup" or "Group" or "ClusterNetworkPolicy" or "NetworkPolicy";

    /// <summary>Reads the objects.</summary>
    /// <exception cref="InputException">An object is of another kind, or a field is malformed, misread or not known to the release; all are named.</exception>
    public static AntreaPolicySet Read(IEnumerable<ClusterObject> objects, ReleaseVersion version)
    {
        var errors = new List<InputError>();
        var policies = ImmutableArray.CreateBuilder<AntreaPolicy>();
        var tiers = ImmutableArray.CreateBuilder<AntreaTier>();
        var groups = ImmutableArray.CreateBuilder<AntreaGroup>();
        foreach (var obj in objects)
        {
            var findings = new List<PolicyFinding>();
            if (!Holds(obj))
            {
                errors.Add(new InputError(
                    obj.Source, $"{obj.ApiVersion} {obj.Kind} is no policy, group or Tier of {Group}", Subject: obj.ToString(), Field: "kind"));
            }
            else if (obj.Kind == "Tier")
            {
                tiers.Add(AntreaGroupReader.ReadTier(obj, findings));
            }
            else if (obj.Kind is "ClusterGroup" or "Group")
            {
                groups.Add(AntreaGroupReader.ReadGroup(obj, version, findings));
            }
            else
            {
                policies.Add(AntreaPolicyReader.Read(obj, version, findings));
            }

            errors.AddRange(AntreaPolicyReader.ErrorsOf(obj, findings));
        }

        if (errors.Count > 0)
        {
            throw new InputException(errors);
        }

        return new AntreaPolicySet
        {
            Version = version,
            Policies =
            [
                .. policies.OrderBy(p => p.Kind, StringComparer.Ordinal)
                    .ThenBy(p => p.Namespace, StringComparer.Ordinal)
                    .ThenBy(p => p.Name, StringComparer.Ordinal),
            ],
            Tiers = tiers.ToImmutable(),
            Groups = groups.ToImmutable(),
        };
    }
}
