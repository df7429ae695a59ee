using System.Collections.Immutable;
using System.CommandLine;
using Antrea.Migration.Clusters;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary>The options that decide a plan, shared by <c>check</c>, <c>plan</c> and <c>migrate</c>.</summary>
internal sealed class PlanInputs
{
    private readonly Option<string?> _antreaManifest = new("--antrea-manifest") { Description = "antrea.yml of the release to install (a file)." };
    private readonly Option<string?> _multusManifest = new("--multus-manifest") { Description = "The thin multus-daemonset.yml to install (a file)." };
    private readonly Option<string> _bridge = new Option<string>("--bridge")
    {
        Description = $"How Calico and Antrea Pods reach each other meanwhile: {string.Join("; ", BridgeWords.All.Select(w => $"{w.Key}: {w.Value.Description}"))}.",
        DefaultValueFactory = _ => BridgeKind.Multus.Word(),
        HelpName = string.Join('|', BridgeWords.All.Keys),
    }.AcceptOnlyFromAmong([.. BridgeWords.All.Keys]);

    private readonly Option<string> _antreaVersion = CommonOptions.AntreaVersion();
    private readonly Option<string[]> _ignore = CommonOptions.Ignore();
    private readonly Option<decimal> _threshold = CommonOptions.Threshold();

    private readonly Option<string?> _nodeAgentImage = new("--node-agent-image")
    {
        Description = "Image of the migration's own DaemonSet; any with chroot and sleep that the Nodes can pull (default busybox:1.36).",
    };

    private readonly Option<int> _stepTimeout = CommonOptions.Whole("--step-timeout", "Seconds that one step may take.", 600, 1, CommonOptions.DayInMilliseconds / 1000);

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_antreaManifest, _multusManifest, _bridge, _antreaVersion, _ignore, _threshold, _nodeAgentImage, _stepTimeout])
        {
            command.Add(option);
        }
    }

    /// <summary>A lab brings its own manifests where none are named.</summary>
    public MigrationOptions Read(ParseResult parse, LabCluster? lab)
    {
        var options = new MigrationOptions
        {
            AntreaManifest = Manifest(parse.GetValue(_antreaManifest), lab is null ? null : LabManifests.Antrea()),
            MultusManifest = Manifest(parse.GetValue(_multusManifest), lab is null ? null : LabManifests.Multus()),
            Bridge = BridgeWords.All[parse.GetRequiredValue(_bridge)].Kind,
            AntreaVersion = parse.GetValue(_antreaVersion) ?? "",
            IgnoredFindings = [.. parse.GetValue(_ignore) ?? []],
            SmallOverlapThreshold = parse.GetValue(_threshold),
            StepTimeout = TimeSpan.FromSeconds(parse.GetValue(_stepTimeout)),
        };
        if (lab is not null)
        {
            options = options with { NodeAgentImage = LabManifests.NodeAgentImage, PollInterval = TimeSpan.FromMilliseconds(50) };
        }

        return parse.GetValue(_nodeAgentImage) is { } image ? options with { NodeAgentImage = image } : options;
    }

    private static ImmutableArray<ClusterObject> Manifest(string? path, string? fallback) =>
        path is not null
            ? ObjectReader.Read(File.ReadAllText(path), path)
            : fallback is not null ? ObjectReader.Read(fallback, "lab") : [];
}
