using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Clusters;

/// <summary>Turns objects as read into a <see cref="ClusterSnapshot"/> with its typed views.</summary>
internal static class ClusterSnapshotBuilder
{
    /// <summary>Builds the snapshot.</summary>
    /// <param name="objects">The objects, in source order.</param>
    /// <param name="found">What was found while reading them.</param>
    /// <param name="bad">Takes the values that cannot be understood; the caller decides whether they are errors or findings.</param>
    /// <remarks>Secrets are dropped unseen. Of objects given twice the last one counts, as with <c>kubectl apply -f</c>.</remarks>
    public static ClusterSnapshot Build(
        IEnumerable<ClusterObject> objects, IEnumerable<Finding> found, ICollection<BadValue> bad)
    {
        var findings = found.ToList();
        var kept = WithoutDuplicates(WithoutSecrets(objects, findings), findings);
        foreach (var obj in kept)
        {
            ObjectShape.Check(new ObjectFields(obj, bad));
        }

        return new ClusterSnapshot
        {
            Nodes =
            [
                .. kept.Where(o => o is { Group: "", Kind: "Node" })
                    .Select(o => NodeInfoReader.Read(new ObjectFields(o, bad)))
                    .OrderBy(n => n.Name, StringComparer.Ordinal),
            ],
            Pods =
            [
                .. kept.Where(o => o is { Group: "", Kind: "Pod" })
                    .Select(o => PodInfoReader.Read(new ObjectFields(o, bad)))
                    .OrderBy(p => p.Namespace, StringComparer.Ordinal)
                    .ThenBy(p => p.Name, StringComparer.Ordinal),
            ],
            CalicoIpam = CalicoIpamReader.Read(kept, bad, findings),
            ServiceCidrs = ServiceCidrReader.Read(kept, bad, findings),
            ClusterCidrs = ClusterCidrReader.Read(kept, bad),
            Objects = [.. kept],
            ReadFindings = [.. findings],
        };
    }

    /// <summary>Builds the snapshot of files: a value that cannot be understood is an error.</summary>
    /// <exception cref="InputException">Some values cannot be understood; all are named.</exception>
    public static ClusterSnapshot BuildStrict(IEnumerable<ClusterObject> objects, IEnumerable<Finding> found)
    {
        var bad = new List<BadValue>();
        var snapshot = Build(objects, found, bad);
        return bad.Count == 0 ? snapshot : throw new InputException(bad.Select(b => b.ToError()));
    }

    /// <summary>Builds the snapshot of a live cluster: a value that cannot be understood is a finding.</summary>
    public static ClusterSnapshot BuildLenient(IEnumerable<ClusterObject> objects, IEnumerable<Finding> found)
    {
        var bad = new List<BadValue>();
        var snapshot = Build(objects, found, bad);
        return snapshot with { ReadFindings = [.. snapshot.ReadFindings, .. bad.Select(b => b.ToFinding())] };
    }

    private static List<ClusterObject> WithoutSecrets(IEnumerable<ClusterObject> objects, List<Finding> findings)
    {
        var kept = new List<ClusterObject>();
        var secrets = 0;
        foreach (var obj in objects)
        {
            if (obj is { Group: "", Kind: "Secret" })
            {
                secrets++;
            }
            else
            {
                kept.Add(obj);
            }
        }

        if (secrets > 0)
        {
            findings.Add(new Finding(
                ReadFindingIds.SecretsLeftOut,
                Severity.Info,
                "Input",
                $"{secrets} Secrets were among the objects and were left out unread.",
                "Nothing to do; leave Secrets out of the files next time."));
        }

        return kept;
    }

    private static List<ClusterObject> WithoutDuplicates(List<ClusterObject> objects, List<Finding> findings)
    {
        var places = new Dictionary<(string Group, string Kind, string Namespace, string Name), int>();
        var kept = new List<ClusterObject>();
        foreach (var obj in objects)
        {
            var key = (obj.Group, obj.Kind, obj.Namespace, obj.Name);
            if (!places.TryAdd(key, kept.Count))
            {
                var earlier = kept[places[key]];
                var same = JsonNode.DeepEquals(earlier.Json, obj.Json);
                findings.Add(new Finding(
                    ReadFindingIds.DuplicateObject,
                    same ? Severity.Info : Severity.Warning,
                    obj.ToString(),
                    $"Given in {earlier.Source} and in {obj.Source}, {(same ? "both alike" : "with different content")}; the last one counts.",
                    "Keep one of the two."));
                kept[places[key]] = obj;
                continue;
            }

            kept.Add(obj);
        }

        return kept;
    }
}
