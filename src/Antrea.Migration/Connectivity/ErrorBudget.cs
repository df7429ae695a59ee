using System.Globalization;

namespace Antrea.Migration.Connectivity;

/// <summary>How much of a flow may be lost before somebody has to look.</summary>
public sealed record ErrorBudget
{
    /// <summary>The longest outage a flow may have; null for any. At least 1 ms. A probe notices an outage to within one interval.</summary>
    public TimeSpan? MaxOutage { get; init; }

    /// <summary>The share of a flow's requests that may be lost, 0–1; null for any. One lost request alone never exceeds it: of a few
    /// requests it would always be too many.</summary>
    public double? MaxFailureRate { get; init; }

    /// <summary>Everything that is wrong with the budget, one sentence each; empty when it can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (MaxOutage is { } outage)
        {
            ProbeOptionRules.CheckSpan(faults, nameof(MaxOutage), outage);
        }

        if (MaxFailureRate is { } rate and (not (>= 0 and <= 1)))
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"{nameof(MaxFailureRate)} is {rate}, but must be between 0 and 1."));
        }

        return faults;
    }

    /// <summary>The first flow that has used its budget up; null while none has.</summary>
    /// <param name="seen">What was seen so far, outages that last included.</param>
    public BudgetBreach? FindBreach(ContinuousProbeResult seen)
    {
        ArgumentNullException.ThrowIfNull(seen);
        if (MaxOutage is { } most && seen.Outages.FirstOrDefault(o => o.Duration > most) is { } outage)
        {
            return new BudgetBreach(
                outage.Flow,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"has had an outage of {outage.Duration.TotalSeconds:0.0} s{(outage.Recovered ? "" : " that still lasts")}, more than {most.TotalSeconds:0.###} s"),
                outage);
        }

        return MaxFailureRate is { } rate && seen.Flows.FirstOrDefault(f => f.Failure > Math.Max(1, rate * f.Total)) is { } flow
            ? new BudgetBreach(
                flow.Flow,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"has lost {flow.Failure} of {flow.Total} requests ({100.0 * flow.Failure / flow.Total:0.###} %), more than {100 * rate:0.###} %"),
                seen.Outages.LastOrDefault(o => o.Flow == flow.Flow))
            : null;
    }
}

/// <summary>A flow has used its error budget up.</summary>
/// <param name="Flow">Which one.</param>
/// <param name="Measured">What was measured against which limit, in words that follow the flow's name.</param>
/// <param name="Outage">The outage that did it, or the flow's last; null when it has had none.</param>
public sealed record BudgetBreach(FlowName Flow, string Measured, OutageWindow? Outage)
{
    /// <summary>One sentence: flow, measure, limit, cause, phase and Nodes under restart.</summary>
    public override string ToString() =>
        $"Flow {Flow} {Measured}"
        + (Outage is null
            ? "."
            : $" (cause: {(Outage.Cause == ProbeFailureCause.None ? "no answer" : Outage.Cause.ToDisplayName())}"
                + $"{(Outage.Phase.Length == 0 ? "" : $"; phase {Outage.Phase}")}{(Outage.Nodes.Length == 0 ? "" : $"; under restart on {Outage.Nodes}")}).");
}
