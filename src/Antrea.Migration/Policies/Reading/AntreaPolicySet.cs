using System.Collections.Immutable;
using System.Text.Json.Nodes;
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
        var seen = new Dictionary<(string Kind, string Namespace, string Name), ClusterObject>();
        foreach (var (obj, read, findings) in OrderedParallel.Map(objects.ToList(), o => Read(o, version)))
        {
            if (!seen.TryAdd((obj.Kind, obj.Namespace, obj.Name), obj))
            {
                var other = seen[(obj.Kind, obj.Namespace, obj.Name)];
                if (!JsonNode.DeepEquals(obj.Json, other.Json))
                {
                    errors.Add(InputError.In(obj, $"given in {other.Source} and in {obj.Source}, with different content: which one counts cannot be told"));
                }

                continue;
            }

            switch (read)
            {
                case AntreaPolicy policy:
                    policies.Add(policy);
                    break;
                case AntreaTier tier:
                    tiers.Add(tier);
                    break;
                case AntreaGroup group:
                    groups.Add(group);
                    break;
                default:
                    errors.Add(InputError.In(obj, $"{obj.ApiVersion} {obj.Kind} is no policy, group or Tier of {Group}", "kind"));
                    break;
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

    private static (ClusterObject Object, object? Read, List<PolicyFinding> Findings) Read(ClusterObject obj, ReleaseVersion version)
    {
        var findings = new List<PolicyFinding>();
        object? read = !Holds(obj) ? null : obj.Kind switch
        {
            "Tier" => AntreaGroupReader.ReadTier(obj, findings),
            "ClusterGroup" or "Group" => AntreaGroupReader.ReadGroup(obj, version, findings),
            _ => AntreaPolicyReader.Read(obj, version, findings),
        };
        return (obj, read, findings);
    }
}
