using System.CommandLine;
using System.CommandLine.Parsing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Kind;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary>A rehearsal: a KinD cluster made for this run, migrated and deleted.</summary>
internal sealed class KindOptions
{
    private const string KindName = "--kind";

    /// <summary>A write that is under way is not cut off.</summary>
    private static readonly TimeSpan StepEndsWithin = TimeSpan.FromMinutes(1);

    private static readonly Dictionary<string, KindScenario> Scenarios = new()
    {
        ["simple"] = KindScenario.Simple,
        ["small-overlap"] = KindScenario.SmallOverlap,
        ["most-overlap"] = KindScenario.MostOverlap,
        ["equal-blocks"] = KindScenario.EqualBlocks,
        ["own-pod-cidr"] = KindScenario.OwnPodCidr,
        ["tunnel-only"] = KindScenario.TunnelOnly,
    };

    private static readonly Dictionary<string, KindProvider> Providers = new()
    {
        ["docker"] = KindProvider.Docker,
        ["podman"] = KindProvider.Podman,
    };

    private readonly Option<string> _provider = new Option<string>("--provider")
    {
        Description = "KinD: what runs the Nodes: docker, or podman as root, whose images are then named in full (localhost/…).",
        DefaultValueFactory = _ => "docker",
        HelpName = "PROVIDER",
    }.AcceptOnlyFromAmong([.. Providers.Keys]);

    private readonly Option<string> _scenario = new Option<string>("--scenario")
    {
        Description =
            "KinD: how Calico's blocks lie to PodCIDRs: apart (simple), one Node's inside one (small-overlap), every Node's (most-overlap), one as long as a PodCIDR and equal to it "
            + "(equal-blocks), one inside its own Node's (own-pod-cidr), or one that holds a tunnel's address alone (tunnel-only).",
        DefaultValueFactory = _ => "simple",
        HelpName = "SCENARIO",
    }.AcceptOnlyFromAmong([.. Scenarios.Keys]);

    private readonly Option<string[]> _like = new("--like")
    {
        Description = "KinD: a cluster of yours to make it like, from what 'antrea-migrator snapshot' saved: its PodCIDRs, Calico's pools and blocks, policies, and workloads with few replicas.",
        HelpName = "SNAPSHOT",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };

    private readonly Option<string> _name = new("--name")
    {
        Description = "KinD: what the cluster's name begins with.",
        DefaultValueFactory = _ => "rehearsal",
    };

    private readonly Option<string?> _manifests = new("--manifests")
    {
        Description = "KinD: a folder with calico.yaml, antrea.yml and multus-daemonset.yml; by default they are downloaded from the projects.",
    };

    private readonly Option<string[]> _replace = new("--replace-image")
    {
        Description = "KinD: an image that the manifests name, and what to take instead: one of a registry of yours.",
        HelpName = "OLD=NEW",
        DefaultValueFactory = _ => [],
        Validators = { result => CheckImages(result, least: 2) },
    };

    private readonly Option<string> _nodeImage = new("--node-image")
    {
        Description = "KinD: the Nodes' image.",
        DefaultValueFactory = _ => KindReleases.NodeImage,
    };

    private readonly Option<string[]> _load = new("--load")
    {
        Description = "KinD: an image of the engine that the Nodes get, under its own name or another one.",
        HelpName = "IMAGE[=NAME]",
        DefaultValueFactory = _ => [],
        Validators = { result => CheckImages(result, least: 1) },
    };

    private readonly Option<string?> _workloadImage = new("--workload-image")
    {
        Description = "KinD: the image of the servers and their client: nginx and sleep (default nginx:1.27-alpine).",
    };

    private readonly Option<string?> _logs = new("--failure-logs") { Description = "KinD: a folder for the Nodes' logs when a step fails, or Calico and the workloads do not become ready." };
    private readonly Option<bool> _keep = new("--keep-cluster") { Description = "KinD: leave the cluster when the command ends." };

    /// <summary>Whether it is asked for.</summary>
    public Option<bool> Kind { get; } = new(KindName)
    {
        Description = "A rehearsal: make a KinD cluster (kind and Docker or Podman are needed), migrate it, delete it.",
    };

    public void AddTo(Command command)
    {
        Option[] details = [_provider, _name, _scenario, _like, _manifests, _replace, _nodeImage, _load, _workloadImage, _logs, _keep];
        command.Add(Kind);
        foreach (var option in details)
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            Option[] idle = [.. details.Where(o => result.GetResult(o) is { Implicit: false })];
            if (idle.Length > 0 && result.GetResult(Kind) is not { Implicit: false })
            {
                result.AddError($"{string.Join(" and ", idle.Select(o => o.Name))} go with --kind only.");
            }

            if (idle.Contains(_like) && idle.Contains(_scenario))
            {
                result.AddError($"{_like.Name} and {_scenario.Name} both say how the addresses lie; give one of them.");
            }
        });
    }

    /// <summary>How long the command may take to end when it is interrupted: a KinD cluster is deleted by then.</summary>
    public static TimeSpan EndsWithin(ParseResult parse) =>
        parse.CommandResult.Command.Options.FirstOrDefault(o => o.Name == KindName) is { } kind && parse.GetResult(kind) is { Implicit: false }
            ? StepEndsWithin + KindCluster.DeleteTimeout
            : StepEndsWithin;

    /// <summary>Makes the cluster and fills it.</summary>
    public async Task<KindRehearsal> StartAsync(
        ParseResult parse, Option<int> workers, IReadOnlyList<string> podImages, TextWriter output, CancellationToken cancellationToken)
    {
        var like = parse.GetValue(_like) is { Length: > 0 } paths
            ? KindLikeness.Of(
                await new FolderClusterReader(paths).ReadAsync(cancellationToken), parse.GetResult(workers) is { Implicit: false } ? parse.GetValue(workers) : null)
            : null;
        WholeFile.PrepareFolder(_logs.Name, parse.GetValue(_logs));
        using var http = new HttpClient();
        var replacements = (parse.GetValue(_replace) ?? []).Select(Split).ToLookup(i => i.Image, i => i.Name).ToDictionary(g => g.Key, g => g.Last());
        var manifests = parse.GetValue(_manifests) is { } folder
            ? KindManifests.Read(folder)
            : await KindManifests.DownloadAsync(http, new KindReleases(), cancellationToken);
        var options = new KindRehearsalOptions
        {
            Manifests = manifests.WithImages(replacements),
            Scenario = Scenarios[parse.GetRequiredValue(_scenario)],
            Prefix = parse.GetRequiredValue(_name),
            Like = like,
            Workers = parse.GetValue(workers),
            NodeImage = parse.GetRequiredValue(_nodeImage),
            KeepCluster = parse.GetValue(_keep),
            FailureLogs = parse.GetValue(_logs),
            Images = [.. (parse.GetValue(_load) ?? []).Select(Split)],
            PodImages = [.. podImages],
        };
        if (parse.GetValue(_workloadImage) is { } image)
        {
            options = options with { WorkloadImage = image };
        }

        var rehearsal = await KindRehearsal.StartAsync(options, new KindTool(Providers[parse.GetRequiredValue(_provider)]), new Lines(output), cancellationToken: cancellationToken);
        if (options.KeepCluster)
        {
            output.WriteLine($"   the cluster stays: export KUBECONFIG={rehearsal.Cluster.KubeconfigPath}");
            output.WriteLine($"   until you delete it: kind delete cluster --name {rehearsal.Cluster.Name}");
        }

        return rehearsal;
    }

    private static KindImage Split(string text)
    {
        var parts = text.Split('=', 2);
        return new KindImage(parts[0], parts[^1]);
    }

    private static void CheckImages(OptionResult result, int least)
    {
        foreach (var token in result.Tokens.Where(t => !IsImages(t.Value.Split('='), least)))
        {
            result.AddError($"{result.Option.Name} is '{token.Value}', but must be {result.Option.HelpName}.");
        }

        static bool IsImages(string[] parts, int least) => parts.Length >= least && parts.Length <= 2 && parts.All(p => p.Length > 0 && p[0] != '-');
    }

    private sealed class Lines(TextWriter output) : IProgress<string>
    {
        public void Report(string value)
        {
            lock (output)
            {
                output.WriteLine($"   {value}");
            }
        }
    }
}
