using System.CommandLine;
using System.CommandLine.Parsing;
using Antrea.Migration;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;

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

    private readonly BudgetOptions _budget = new();

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _flows, _interval, _pods, _image })
        {
            command.Add(option);
        }

        _budget.AddTo(command);
    }

    /// <summary>Refuses a budget for nothing, before anything is done.</summary>
    public void Validate(ParseResult parse, bool isLab)
    {
        if (_budget.Read(parse) is not null && !isLab && parse.GetValue(_flows) is not { Length: > 0 })
        {
            throw new MigrationException(
                "--max-outage and --max-failure-rate are about flows that are watched, and none is.", "Name one with --monitor, for example --monitor http://SERVICE.NAMESPACE.");
        }
    }

    /// <summary>Everything that is watched; null for nothing. Pods of our own are installed here, and removed when the watch is disposed.</summary>
    public async Task<TrafficWatch?> WatchAsync(
        ParseResult parse, ClusterSource cluster, TourOptions tour, TextWriter output, CancellationToken cancellationToken)
    {
        var lab = cluster.Lab is null ? null : tour.Traffic(parse, cluster.Lab);
        var wanted = (parse.GetValue(_flows) ?? []).Select(Split).ToList();
        var ours = wanted.Exists(f => f.Source is null) ? parse.GetValue(_pods) : 0;
        if (lab is null && wanted.Count == 0)
        {
            return null;
        }

        var pods = wanted.Count == 0 ? null : await ProbePods.SomeAsync(cluster.Client!, ours, parse.GetRequiredValue(_image), null, cancellationToken);
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
