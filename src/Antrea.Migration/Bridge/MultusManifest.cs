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
    private const string ConfFile = "--multus-conf-file";
    private const string ConfDirectory = "--cni-conf-dir";
    private const string ConfigMapMount = "/tmp/multus-conf";

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

                if (container["image"]?.ToString().Contains("multus", StringComparison.Ordinal) == true)
                {
                    found = true;
                    Silence(container, obj);
                }
            }

            result.Add(new ClusterObject(copy, obj.Source));
        }

        return found ? result.ToImmutable() : throw new FormatException("The Multus manifest has no DaemonSet with a Multus image.");
    }

    /// <summary>Both flags are taken out in whatever form and put in with values of ours; left out they would default to "auto" and the Node's folder.</summary>
    private static void Silence(JsonObject container, ClusterObject daemonSet)
    {
        if (container["volumeMounts"] is not JsonArray mounts || !mounts.Any(m => m?["mountPath"]?.ToString() == ConfigMapMount))
        {
            throw new FormatException(
                $"{daemonSet.Source}: {daemonSet} does not mount its ConfigMap at {ConfigMapMount}, as the thin release does; its generator could not be kept from writing on the Nodes.");
        }

        var kept = new JsonArray();
        var args = container["args"] as JsonArray ?? [];
        for (var i = 0; i < args.Count; i++)
        {
            var arg = args[i]!.ToString();
            if (arg is ConfFile or ConfDirectory)
            {
                i++; // Its value is the next argument.
            }
            else if (!arg.StartsWith(ConfFile + "=", StringComparison.Ordinal) && !arg.StartsWith(ConfDirectory + "=", StringComparison.Ordinal))
            {
                kept.Add(arg);
            }
        }

        kept.Add($"{ConfFile}={ConfigMapMount}/70-multus.conf");
        kept.Add($"{ConfDirectory}=/tmp");
        container["args"] = kept;
    }
}
