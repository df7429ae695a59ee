using System.CommandLine;
using System.CommandLine.Parsing;
using Antrea.Migration;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Kind;
using Antrea.Migrator.Output;
using Antrea.Migrator.Output.Pictures;
using Antrea.Migrator.Output.Timelines;
using k8s;

namespace Antrea.Migrator.Commands;

/// <summary>Which flows are watched from inside Pods while a cluster is migrated, and how much of them may be lost.</summary>
internal sealed class MonitorOptions
{
    private readonly Option<string[]> _flows = new("--monitor")
    {
        Description =
            "Watch this target from Pods of our own, or from a Pod of yours (its image needs sh, timeout, nc and wget): http://HOST[:PORT]/PATH to get a page, tcp://HOST:PORT to connect.",
        HelpName = "[NAMESPACE/NAME=]URL",
        DefaultValueFactory = _ => [],
        Validators = { Check },
    };

    private readonly Option<int> _interval = CommonOptions.Whole("--monitor-interval", "Milliseconds between two requests of a flow.", 500, 100, 60_000);
    private readonly Option<int> _pods = CommonOptions.Whole("--monitor-pods", "How many Pods of our own watch each target.", 2, 1, 100);
    private readonly Option<string> _image = new("--probe-image")
    {
        Description = "The image of these Pods; it needs busybox's sh, timeout, nc, wget and httpd.",
        DefaultValueFactory = _ => ProbePods.DefaultImage,
    };

    private readonly Option<string?> _timeline = CommonOptions.Picture("--timeline", "Draw the phases and the watched traffic, each request a dot and each outage a red span, to this file");
    private readonly BudgetOptions _budget = new();

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _flows, _interval, _pods, _image, _timeline })
        {
            command.Add(option);
        }

        _budget.AddTo(command);
    }

    /// <summary>The image of the Pods that watch.</summary>
    public string Image(ParseResult parse) => parse.GetRequiredValue(_image);

    /// <summary>Refuses a picture that cannot be written, before anything is done.</summary>
    public void Prepare(ParseResult parse) => WholeFile.Prepare(_timeline.Name, parse.GetValue(_timeline));

    /// <summary>Refuses a budget and a picture of nothing, before anything is done.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="hasFlows">Whether flows are watched that nobody names.</param>
    public void Validate(ParseResult parse, bool hasFlows)
    {
        var drawsTimeline = parse.GetValue(_timeline) is not null;
        var isAsked = _budget.Read(parse) is not null || drawsTimeline;
        if (isAsked && !hasFlows && parse.GetValue(_flows) is not { Length: > 0 })
        {
            throw new MigrationException(
                $"{(drawsTimeline ? "--timeline is" : "--max-outage and --max-failure-rate are")} about flows that are watched, and none is.", "Name one with --monitor, for example --monitor http://SERVICE.NAMESPACE.");
        }
    }

    /// <summary>Everything that is watched; null for nothing. Pods of our own are installed here, and removed when the watch is disposed.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="client">The API server.</param>
    /// <param name="lab">What is watched beside the flows that are named; null for nothing. Becomes the watch's to dispose.</param>
    /// <param name="kind">Whose Service is watched when no flow is named; null for nothing.</param>
    /// <param name="output">Where the watch says what it sees.</param>
    /// <param name="cancellationToken">Ends the wait for the Pods.</param>
    public async Task<TrafficWatch?> WatchAsync(
        ParseResult parse, Kubernetes client, LabTraffic? lab, KindRehearsal? kind, TextWriter output, CancellationToken cancellationToken)
    {
        var wanted = (parse.GetValue(_flows) ?? []).Select(Split).Distinct().ToList();
        if (kind is not null && wanted.Count == 0)
        {
            wanted.Add((null, kind.Service));
        }

        var ours = wanted.Exists(f => f.Source is null) ? parse.GetValue(_pods) : 0;
        if (lab is null && wanted.Count == 0)
        {
            return null;
        }

        var pods = wanted.Count == 0 ? null : await ProbePods.SomeAsync(client, ours, Image(parse), null, cancellationToken);
        var flows = wanted.SelectMany(f => f.Source is { } source
            ? [pods!.Watch(source.Namespace, source.Name, f.Target)]
            : Enumerable.Range(0, ours).Select(i => pods!.Watch(ProbePods.Namespace, $"probe-{i}", f.Target)));
        return new TrafficWatch(
            lab,
            pods,
            flows,
            TimeSpan.FromMilliseconds(lab is not null && parse.GetResult(_interval) is not { Implicit: false } ? TourOptions.Interval : parse.GetValue(_interval)),
            _budget.Read(parse),
            output);
    }

    /// <summary>Draws what was seen, if somebody wants to look.</summary>
    public async Task DrawAsync(ParseResult parse, ContinuousProbeResult? traffic, string title)
    {
        if (parse.GetValue(_timeline) is { } path && traffic is not null)
        {
            await SvgPicture.SaveAsync(path, TimelineLayout.Of(Timeline.Of(traffic, title)), CancellationToken.None);
        }
    }

    private static void Check(OptionResult result)
    {
        foreach (var token in result.Tokens)
        {
            var parts = token.Value.Split('=', 2);
            var (source, url) = parts is [var before, var after] && !before.Contains("://", StringComparison.Ordinal) ? (before, after) : (null, token.Value);
            if ((source is not null && source.Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
                || !Uri.TryCreate(url, UriKind.Absolute, out var target)
                || !(target.Scheme is "http" || (target.Scheme == "tcp" && target.Port > 0)))
            {
                result.AddError($"--monitor is '{token.Value}', but must be http://HOST[:PORT]/PATH or tcp://HOST:PORT, with NAMESPACE/NAME= before it for a Pod of yours.");
            }
        }
    }

    private static ((string Namespace, string Name)? Source, Uri Target) Split(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (equals < 0 || equals > scheme)
        {
            return (null, new Uri(text));
        }

        var source = text[..equals].Split('/');
        return ((source[0], source[1]), new Uri(text[(equals + 1)..]));
    }
}
