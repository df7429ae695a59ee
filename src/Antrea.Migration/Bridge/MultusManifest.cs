using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Bridge;

/// <summary>The thin Multus release with its configuration generator switched off.</summary>
/// <remarks>As released, each start of a Multus Pod writes <c>00-multus.conf</c> anew with the alphabetically first other
/// file as master: Antrea instead of Calico. Here the entry point writes its file into its own container, where nobody
/// reads it, and the init container still copies the binary. Source: multus-cni v4.2.4 <c>cmd/thin_entrypoint</c>.</remarks>
public static class MultusManifest
{
    private const string ConfFile = "--multus-conf-file=";
    private const string ConfDirectory = "--cni-conf-dir=";

    /// <summary>The objects as they were, except that the DaemonSet writes no configuration on the Node.</summary>
    /// <exception cref="FormatException">There is no Multus DaemonSet among them, or it is the thick one.</exception>
    public static ImmutableArray<ClusterObject> WithoutGenerator(ImmutableArray<ClusterObject> manifest)
    {
        var result = ImmutableArray.CreateBuilder<ClusterObject>(manifest.Length);
        var found = false;
        foreach (var obj in manifest)
        {
            if (obj.Kind != "DaemonSet")
            {
                result.Add(obj);
                continue;
            }

            var copy = (JsonObject)obj.Json.DeepClone();
            foreach (var container in (copy["spec"]?["template"]?["spec"]?["containers"] as JsonArray ?? []).OfType<JsonObject>())
            {
                if (container["command"] is JsonArray command && command.Any(c => c?.ToString().EndsWith("multus-daemon", StringComparison.Ordinal) == true))
                {
                    throw new FormatException(
                        $"{obj.Source}: {obj} is the thick Multus, which deletes 00-multus.conf when it stops; use the thin multus-daemonset.yml.");
                }

                found |= container["image"]?.ToString().Contains("multus", StringComparison.Ordinal) == true;
                Silence(container["args"] as JsonArray);
            }

            result.Add(new ClusterObject(copy, obj.Source));
        }

        return found ? result.ToImmutable() : throw new FormatException("The Multus manifest has no DaemonSet with a Multus image.");
    }

    private static void Silence(JsonArray? args)
    {
        for (var i = 0; i < args?.Count; i++)
        {
            var arg = args[i]!.ToString();
            if (arg.StartsWith(ConfFile, StringComparison.Ordinal))
            {
                args[i] = ConfFile + "/tmp/multus-conf/70-multus.conf";
            }
            else if (arg.StartsWith(ConfDirectory, StringComparison.Ordinal))
            {
                args[i] = ConfDirectory + "/tmp";
            }
        }
    }
}
