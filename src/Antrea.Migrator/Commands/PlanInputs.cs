using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Antrea.Migration;
using Antrea.Migration.Clusters;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary>The options that decide a plan, shared by <c>check</c>, <c>plan</c> and <c>migrate</c>.</summary>
internal sealed class PlanInputs
{
    private readonly Dictionary<string, ImmutableArray<ClusterObject>> _files = [];

    private readonly Option<string?> _antreaManifest = new("--antrea-manifest") { Description = "antrea.yml of the release to install (a file)." };
    private readonly Option<string?> _multusManifest = new("--multus-manifest") { Description = "The thin multus-daemonset.yml to install (a file)." };
    private readonly Option<string> _bridge = new Option<string>("--bridge")
    {
        Description = $"How Calico and Antrea Pods reach each other meanwhile: {string.Join("; ", BridgeWords.All.Select(w => $"{w.Key}: {w.Value.Description}"))}.",
        DefaultValueFactory = _ => BridgeKind.Multus.Word(),
        HelpName = string.Join('|', BridgeWords.All.Keys),
    }.AcceptOnlyFromAmong([.. BridgeWords.All.Keys]);

    private readonly Option<string[]> _firstPart = new("--first-part")
    {
        Description = "With --bridge partition: the Nodes that move first, by name, with commas between or the option repeated. Without it a quarter of the Nodes, chosen so that the fewest flows break.",
        HelpName = "NODE,…",
    };

    private readonly Option<string[]> _flow = new("--flow")
    {
        Description = "With --bridge partition: a flow that counts, as Kind/namespace/name=Kind/namespace/name, with :WEIGHT after it (default 1); may be repeated. Without it those that Services, "
            + "Namespaces and policies let expect.",
        HelpName = "FROM=TO[:WEIGHT]",
        Validators = { CheckFlows },
    };

    private readonly Option<string> _antreaVersion = CommonOptions.AntreaVersion();
    private readonly Option<string[]> _ignore = CommonOptions.Ignore();
    private readonly Option<decimal> _threshold = CommonOptions.Threshold();

    private readonly Option<string?> _nodeAgentImage = new("--node-agent-image")
    {
        Description = "Image of the migration's own DaemonSet and its canaries; any with sh, chroot, sleep and ip that the Nodes can pull (default busybox:1.36).",
    };

    private readonly Option<int> _stepTimeout = CommonOptions.Whole("--step-timeout", "Seconds that one step may take.", 600, 1, CommonOptions.DayInMilliseconds / 1000);

    private readonly Option<string> _policyMode = new Option<string>("--policy-mode")
    {
        Description = "Where connections meet policies under another address for a while: refuse to plan; let what is allowed stay denied for that time (strict); or keep it by temporary "
            + "allowances for Nodes' addresses, which let in what else comes from there (available). The plan lists it.",
        DefaultValueFactory = _ => "refuse",
        HelpName = "refuse|strict|available",
    }.AcceptOnlyFromAmong("refuse", "strict", "available");

    private readonly Option<int> _maxUnavailable = CommonOptions.Whole(
        "--max-unavailable", "Pods that may be missing at once because of restarts, over all workloads; 0: one workload at a time, by its own strategy.", 0, 0);

    private readonly Option<string> _restart = new Option<string>("--restart")
    {
        Description = "What a restart does with a Pod: reschedule lets its workload make another, wherever that is put; in-place has the Node's container runtime make a new sandbox for the "
            + "same Pod (crictl), which then keeps Node, name and uid, and has nothing to stand in for it meanwhile.",
        DefaultValueFactory = _ => "reschedule",
        HelpName = "reschedule|in-place",
    }.AcceptOnlyFromAmong("reschedule", "in-place");

    private readonly Option<int> _jobTimeout = CommonOptions.Whole(
        "--job-timeout", "Seconds that a running Job is waited for.", 3600, 1, CommonOptions.DayInMilliseconds / 1000);

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_antreaManifest, _multusManifest, _bridge, _firstPart, _flow, _antreaVersion, _ignore, _threshold, _nodeAgentImage, _stepTimeout, _policyMode, _restart, _maxUnavailable, _jobTimeout])
        {
            command.Add(option);
        }
    }

    /// <summary>The image of the node agent in a cluster that is none of the lab's.</summary>
    public string NodeAgentImage(ParseResult parse) => parse.GetValue(_nodeAgentImage) ?? new MigrationOptions().NodeAgentImage;

    /// <summary>What a restart does with a Pod.</summary>
    public RestartMode Restart(ParseResult parse) => parse.GetValue(_restart) == "in-place" ? RestartMode.InPlace : RestartMode.Reschedule;

    /// <summary>Whether somebody has said so.</summary>
    public bool NamesRestart(ParseResult parse) => parse.GetResult(_restart) is { Implicit: false };

    /// <summary>Refuses a plan that restarts Pods in another way than was asked for: it was made for that, and goes on as it began.</summary>
    public void RequireRestart(ParseResult parse, MigrationPlan plan)
    {
        if (NamesRestart(parse) && Restart(parse) != plan.Restart)
        {
            throw new MigrationException(
                $"Plan {plan.Id} restarts Pods by {(plan.Restart == RestartMode.InPlace ? "in-place" : "reschedule")}, and --restart asks for something else.",
                "Leave --restart out to go on as planned, or make a new plan where none has begun.");
        }
    }

    /// <summary>Reads the files, so that one that cannot be used is known before there is a cluster.</summary>
    public void ReadFiles(ParseResult parse)
    {
        foreach (var path in ((Option<string?>[])[_antreaManifest, _multusManifest]).Select(parse.GetValue).OfType<string>())
        {
            _files[path] = ObjectReader.Read(File.ReadAllText(path), path);
        }
    }

    /// <summary>A cluster made for this run brings its own manifests where none are named.</summary>
    public MigrationOptions Read(ParseResult parse, ClusterSource cluster)
    {
        var (lab, kind) = (cluster.Lab, cluster.Kind);
        var options = new MigrationOptions
        {
            AntreaManifest = Manifest(parse.GetValue(_antreaManifest), () => kind?.Manifests.Antrea ?? OfLab(() => lab!.AntreaManifest)),
            MultusManifest = Manifest(parse.GetValue(_multusManifest), () => kind?.Manifests.Multus ?? OfLab(() => LabManifests.Multus())),
            Bridge = BridgeWords.All[parse.GetRequiredValue(_bridge)].Kind,
            FirstPart = [.. (parse.GetValue(_firstPart) ?? []).SelectMany(n => n.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
            Flows = [.. (parse.GetValue(_flow) ?? []).Select(f => ReadFlow(f)!)],
            AntreaVersion = parse.GetValue(_antreaVersion) ?? "",
            IgnoredFindings = [.. parse.GetValue(_ignore) ?? []],
            SmallOverlapThreshold = parse.GetValue(_threshold),
            PolicyMode = Enum.Parse<PolicyMode>(parse.GetRequiredValue(_policyMode), ignoreCase: true),
            MaxUnavailable = parse.GetValue(_maxUnavailable) is > 0 and var most ? most : null,
            Restart = Restart(parse),
            JobTimeout = TimeSpan.FromSeconds(parse.GetValue(_jobTimeout)),
            StepTimeout = TimeSpan.FromSeconds(parse.GetValue(_stepTimeout)),
        };
        if (lab is not null)
        {
            options = options with { NodeAgentImage = LabManifests.NodeAgentImage, PollInterval = TimeSpan.FromMilliseconds(50), DrainTime = TimeSpan.FromSeconds(1) };
        }

        return parse.GetValue(_nodeAgentImage) is { } image ? options with { NodeAgentImage = image } : options;

        ImmutableArray<ClusterObject> OfLab(Func<string> manifest) => lab is null ? [] : ObjectReader.Read(manifest(), "lab");
    }

    private static void CheckFlows(OptionResult result)
    {
        foreach (var token in result.Tokens.Where(t => ReadFlow(t.Value) is null))
        {
            result.AddError($"--flow '{token.Value}' is not of the form Kind/namespace/name=Kind/namespace/name[:WEIGHT].");
        }
    }

    /// <summary>Null where the text is no flow.</summary>
    private static WorkloadFlow? ReadFlow(string text)
    {
        var (ends, weight) = text.LastIndexOf(':') is >= 0 and var colon ? (text[..colon].Split('='), text[(colon + 1)..]) : (text.Split('='), "1");
        return ends is [var from, var to] && IsWorkload(from) && IsWorkload(to) && long.TryParse(weight, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= WorkloadFlow.MostWeight
            ? new WorkloadFlow(from, to, number)
            : null;

        static bool IsWorkload(string end) => end.Split('/') is [{ Length: > 0 }, { Length: > 0 }, { Length: > 0 }];
    }

    private ImmutableArray<ClusterObject> Manifest(string? path, Func<ImmutableArray<ClusterObject>> fallback) =>
        path is null ? fallback() : _files.TryGetValue(path, out var read) ? read : ObjectReader.Read(File.ReadAllText(path), path);
}
