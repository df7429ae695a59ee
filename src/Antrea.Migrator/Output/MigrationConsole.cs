using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migrator.Output;

/// <summary>Prints a migration as it happens: a heading for a phase, a line for a step, one line for the same step on many Nodes.</summary>
/// <remarks>On a terminal the line of the step at work is redrawn; elsewhere only its end is printed.</remarks>
internal sealed class MigrationConsole(TextWriter output, MigrationPlan plan)
{
    private readonly bool _interactive = Terminal.IsInteractive(output);
    private readonly Dictionary<(MigrationPhase, MigrationStepKind), int> _perNode = [];
    private bool _lineOpen;

    /// <summary>How far the parts of a partition were before this run: what another has begun takes less time now.</summary>
    public PartitionProgress AtStart { get; init; }

    /// <summary>How many Nodes are changed side by side.</summary>
    public int NodesAtOnce { get; init; } = ExecutionOptions.DefaultNodesAtOnce;

    public void Write(MigrationEvent item)
    {
        switch (item)
        {
            case PhaseStarted started:
                Line("");
                Line($"── {started.Phase} ".PadRight(60, '─'));
                break;
            case StepStarted started:
                Redraw($"   … {started.Step.Title}{OnNode(started.Step)}");
                break;
            case StepProgress progress:
                Redraw($"   … {progress.Message}");
                break;
            case StepSkipped { Step.Node: not null } skipped:
                CountNode(skipped.Step);
                break;
            case StepSkipped skipped:
                Line($"   ✓ {skipped.Step.Title}: {skipped.Reason}");
                break;
            case StepCompleted { Step.Node: not null } completed:
                CountNode(completed.Step);
                break;
            case StepCompleted completed:
                Line($"   ✓ {completed.Step.Title}: {completed.Detail} ({completed.Duration.TotalSeconds:0.0} s)");
                break;
            case StepFailed failed:
                Line($"   ✗ {failed.Step.Title}{OnNode(failed.Step)}");
                Line($"     {failed.Message}");
                Line($"     next: {failed.Next}");
                break;
            case MigrationHeld held:
                Line($"   ■ {held.Step.Title}");
                break;
            case MigrationPaused paused:
                Line($"   ‖ Stopped before {paused.Subject}");
                Line($"     {paused.Reason}");
                Line($"     next: {paused.Next}");
                break;
            case PhaseCompleted completed:
                Line($"   {completed.Phase} done in {completed.Duration.TotalSeconds:0.0} s{Predicted(completed.Phase)}");
                break;
        }
    }

    /// <summary>What was predicted of a part that this run has moved from its beginning; a hold is none of it.</summary>
    private string Predicted(MigrationPhase phase) =>
        plan is { Undoes: null, Partition: { } parts } && !parts.NodesOf(phase).IsEmpty && AtStart < (phase == MigrationPhase.FirstPart ? PartitionProgress.InFirstPart : PartitionProgress.InSecondPart)
            ? $"; predicted were {parts.TimeOf(phase, NodesAtOnce).TotalSeconds:0} s"
            : "";

    public void Line(string text)
    {
        Close();
        output.WriteLine(text);
    }

    private static string OnNode(MigrationStep step) => step.Node is null ? "" : $" on {step.Node}";

    private void CountNode(MigrationStep step)
    {
        var key = (step.Phase, step.Kind);
        var count = _perNode[key] = _perNode.GetValueOrDefault(key) + 1;
        var all = plan.Steps.Count(s => s.Node is not null && (s.Phase, s.Kind) == key);
        if (count == all)
        {
            Line($"   ✓ {step.Title}: {count} Nodes");
        }
        else
        {
            Redraw($"   … {step.Title}: {count} of {all} Nodes");
        }
    }

    private void Redraw(string text)
    {
        if (_interactive)
        {
            var width = Terminal.Width(output) - 1;
            output.Write("\r" + (text.Length > width ? text[..width] : text.PadRight(width)));
            _lineOpen = true;
        }
    }

    private void Close()
    {
        if (_lineOpen)
        {
            output.Write("\r" + new string(' ', Terminal.Width(output) - 1) + "\r");
            _lineOpen = false;
        }
    }
}
