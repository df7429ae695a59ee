using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;

namespace Antrea.Migrator.Commands;

/// <summary>The options of <c>probe</c> that the seed's client does not have.</summary>
internal sealed class LoadProbeOptions
{
    private static readonly string[] Formats = ["table", "json", "csv", "junit"];

    private readonly Option<double> _rate = new("--rate")
    {
        Description = "Open model: this many requests, such as 50/s or 600/m, leave on schedule whatever happens to earlier ones.",
        HelpName = "N/s",
        CustomParser = ParseRate,
    };

    private readonly Option<bool> _max = new("--max") { Description = "Closed loop: as fast as -c workers get answers." };
    private readonly Option<TimeSpan> _duration = Span("--duration", "For how long, with --rate or --max.", TimeSpan.FromSeconds(10));
    private readonly Option<TimeSpan> _stall = Span("--stall", "No answer for longer than this is an outage, with --rate or --max.", TimeSpan.FromSeconds(1));
    private readonly Option<int> _inFlight = CommonOptions.Whole("--max-in-flight", "Requests under way at most, with --rate; what is due meanwhile is counted as not sent.", 10_000, 1, 1_000_000);

    private readonly Option<string> _connections = new Option<string>("--connections")
    {
        Description = "Keep connections, or make a new one for each request; by default keep with --max, new otherwise.",
        HelpName = "keep|new",
    }.AcceptOnlyFromAmong("keep", "new");

    private readonly Option<LoadThreshold[]> _failIf = new("--fail-if")
    {
        Description = "Exit code 2 when this is so, for example 'success<100%', 'p99>50ms' or 'outage>1s'; may be given several times. Default: success<100%.",
        HelpName = "LIMIT",
        CustomParser = ParseLimits,
    };

    private readonly Option<string> _format = new Option<string>("--output", "-o")
    {
        Description = "table for people, json for machines, csv for each second, junit for CI; with --rate or --max.",
        DefaultValueFactory = _ => "table",
        HelpName = string.Join('|', Formats),
    }.AcceptOnlyFromAmong(Formats);

    private readonly Option<string?> _timeline = CommonOptions.Picture("--timeline", "Draw the run, each request a dot and each outage a red span, to this file");

    private IEnumerable<Option> All => [_rate, _max, _duration, _stall, _inFlight, _connections, _failIf, _format, _timeline];

    /// <summary>Adds the options and what they demand of one another.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in All)
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (IsGiven(result, _rate) && IsGiven(result, _max))
            {
                result.AddError("--rate keeps a schedule and --max has none; give one of them.");
            }

            foreach (var option in All.Where(o => o != _rate && o != _max && IsGiven(result, o)))
            {
                if (!IsGiven(result, _rate) && !IsGiven(result, _max))
                {
                    result.AddError($"{option.Name} needs --rate or --max; without them the probe does what the seed's client does.");
                }
            }
        });
    }

    public bool IsOpenModel(ParseResult parse) => parse.GetResult(_rate) is { Implicit: false };

    public bool IsClosedLoop(ParseResult parse) => parse.GetValue(_max);

    public bool IsOpenModel(CommandResult result) => IsGiven(result, _rate);

    public bool IsClosedLoop(CommandResult result) => IsGiven(result, _max);

    public LoadReporting Reporting(ParseResult parse) => new(
        parse.GetValue(_failIf) is { Length: > 0 } given ? [.. given] : [LoadThreshold.AnyFailure],
        parse.GetValue(_format)!,
        parse.GetValue(_timeline));

    public bool KeepsConnections(ParseResult parse) => (parse.GetValue(_connections) ?? (IsClosedLoop(parse) ? "keep" : "new")) == "keep";

    public OpenModelOptions OpenModel(ParseResult parse, Uri target, TimeSpan timeout) => new()
    {
        Target = target,
        Flow = FlowTo(target),
        Rate = parse.GetValue(_rate),
        Duration = parse.GetValue(_duration),
        Timeout = timeout,
        MaxInFlight = parse.GetValue(_inFlight),
        StallThreshold = parse.GetValue(_stall),
    };

    public ClosedLoopOptions ClosedLoop(ParseResult parse, Uri target, TimeSpan timeout, int workers, long? requests) => new()
    {
        Target = target,
        Flow = FlowTo(target),
        Workers = workers,
        Requests = requests ?? long.MaxValue,
        Duration = parse.GetValue(_duration),
        Timeout = timeout,
        ReuseConnections = KeepsConnections(parse),
        StallThreshold = parse.GetValue(_stall),
    };

    /// <summary>In a Pod, the machine's name is the Pod's.</summary>
    private static FlowName FlowTo(Uri target) => new(Environment.MachineName, target.OriginalString);

    private static bool IsGiven(CommandResult result, Option option) => result.GetResult(option) is { Implicit: false };

    private static Option<TimeSpan> Span(string name, string description, TimeSpan defaultValue) => new(name)
    {
        Description = description,
        HelpName = "DURATION",
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            var text = result.Tokens[^1].Value;
            if (GoDuration.TryParse(text, out var value, out var error) && value.ToTimeSpan() is var span
                && span >= TimeSpan.FromMilliseconds(1) && span <= TimeSpan.FromDays(1))
            {
                return span;
            }

            result.AddError($"{name} is '{text}', but must be between 1ms and 24h{(error is null ? "" : $" ({error})")}.");
            return defaultValue;
        },
    };

    private static double ParseRate(ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        var parts = text.Split('/');
        var seconds = parts switch
        {
            [_] or [_, "s"] => 1,
            [_, "m"] => 60,
            _ => 0,
        };
        if (seconds > 0 && double.TryParse(parts[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number / seconds is >= 0.01 and <= 100_000 and var rate)
        {
            return rate;
        }

        result.AddError($"--rate is '{text}', but must be between 0.01 and 100000 a second, for example 50/s or 600/m.");
        return 0;
    }

    private static LoadThreshold[] ParseLimits(ArgumentResult result)
    {
        var limits = new List<LoadThreshold>();
        foreach (var token in result.Tokens)
        {
            if (LoadThreshold.TryParse(token.Value, out var limit, out var error))
            {
                limits.Add(limit);
            }
            else
            {
                result.AddError($"--fail-if: {error}.");
            }
        }

        return [.. limits];
    }
}
