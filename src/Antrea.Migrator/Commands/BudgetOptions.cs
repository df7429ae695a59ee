using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;

namespace Antrea.Migrator.Commands;

/// <summary>How much of the traffic a migration may cost, and what happens then.</summary>
internal sealed class BudgetOptions
{
    private readonly Option<TimeSpan?> _maxOutage = new("--max-outage")
    {
        Description = "Stop when a monitored flow has an outage longer than this, for example 1s or 500ms.",
        HelpName = "DURATION",
        CustomParser = ParseOutage,
    };

    private readonly Option<double?> _maxFailureRate = new("--max-failure-rate")
    {
        Description = "Stop when a monitored flow has lost more of its requests than this, for example 0.1%. One lost request never does it.",
        HelpName = "PERCENT",
        CustomParser = ParseRate,
    };

    private readonly Option<string> _onBreach = new Option<string>("--on-breach")
    {
        Description = "How to stop then: pause finishes the change under way, abort breaks it off.",
        HelpName = "pause|abort",
        DefaultValueFactory = _ => "pause",
    }.AcceptOnlyFromAmong("pause", "abort");

    public void AddTo(Command command)
    {
        command.Add(_maxOutage);
        command.Add(_maxFailureRate);
        command.Add(_onBreach);
    }

    /// <summary>Null when neither limit is given: then nothing stops the migration.</summary>
    public (ErrorBudget Budget, BreachAction Action)? Read(ParseResult parse)
    {
        var budget = new ErrorBudget { MaxOutage = parse.GetValue(_maxOutage), MaxFailureRate = parse.GetValue(_maxFailureRate) };
        return budget is { MaxOutage: null, MaxFailureRate: null }
            ? null
            : (budget, parse.GetValue(_onBreach) == "abort" ? BreachAction.Abort : BreachAction.Pause);
    }

    private static TimeSpan? ParseOutage(ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        if (GoDuration.TryParse(text, out var duration, out _) && duration.ToTimeSpan() is var span
            && span >= TimeSpan.FromMilliseconds(1) && span <= TimeSpan.FromDays(1))
        {
            return span;
        }

        result.AddError($"--max-outage is '{text}', but must be a duration between 1ms and 24h, for example 1s.");
        return null;
    }

    private static double? ParseRate(ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        if (text.EndsWith('%')
            && double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent)
            && percent is >= 0 and <= 100)
        {
            return percent / 100;
        }

        result.AddError($"--max-failure-rate is '{text}', but must be a percentage between 0% and 100%, for example 0.1%.");
        return null;
    }
}
