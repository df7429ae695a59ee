using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Execution;

[Parallelizable(ParallelScope.All)]
internal sealed class LaneTests
{
    /// <summary>A step may still have something to say when it has been stopped, or before its start is told.</summary>
    [Test]
    public async Task Report_OutsideOfItsStep_IsNotTold()
    {
        var (first, second) = (Step("first"), Step("second"));
        var lane = new Lane(TimeProvider.System, lane =>
        {
            lane.Report(first, "before its start");
            lane.Start(first, isTold: false);
            lane.Report(first, "at work");
            lane.End(new StepSkipped(default, first, ""));
            lane.Report(first, "after its end");
            Assert.That(lane.Say("between two steps"), Is.False);
            lane.Start(second, isTold: false);
            lane.Report(first, "of the one before");
            Assert.That(lane.Say("to whoever is at work"), Is.True);
            lane.End(null);
            return Task.CompletedTask;
        });
        await lane.Work;
        List<string> told = [];
        await foreach (var item in lane.Events.ReadAllAsync())
        {
            told.Add(item switch
            {
                StepStarted started => $"{started.Step.Id} starts",
                StepProgress progress => $"{progress.Step.Id}: {progress.Message}",
                StepSkipped skipped => $"{skipped.Step.Id} ends",
                _ => "?",
            });
        }

        Assert.That(told, Is.EqualTo(new[] { "first starts", "first: at work", "first ends", "second starts", "second: to whoever is at work" }));
    }

    [Test]
    public async Task WithoutWaits_AtTheGate_LeavesTheStepsOwnTime()
    {
        List<TimeSpan> own = [];
        var lane = new Lane(TimeProvider.System, lane =>
        {
            lane.Start(Step("first"), isTold: false);
            lane.AddWait(TimeSpan.FromHours(2));
            lane.AddWait(TimeSpan.FromMinutes(1));
            own.Add(lane.WithoutWaits(TimeSpan.FromMinutes(125)));
            own.Add(lane.WithoutWaits(TimeSpan.FromMinutes(100)));
            lane.Start(Step("second"), isTold: false);
            own.Add(lane.WithoutWaits(TimeSpan.FromMinutes(5)));
            return Task.CompletedTask;
        });
        await lane.Work;

        Assert.That(own, Is.EqualTo(new[] { TimeSpan.FromMinutes(4), TimeSpan.Zero, TimeSpan.FromMinutes(5) }));
    }

    private static MigrationStep Step(string id) => new(id, MigrationPhase.Bridge, MigrationStepKind.HoldCalico, "", "a", Reversibility.Reversible, []);
}
