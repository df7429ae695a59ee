using Antrea.Migration.Connectivity;

namespace Antrea.Migration.Tests.Connectivity;

public class FlowRecorderTests
{
    private static readonly ProbeOutcome Ok = ProbeOutcome.Success;
    private static readonly ProbeOutcome Timeout = new(ProbeFailureCause.Timeout, "");
    private static readonly ProbeOutcome Refused = new(ProbeFailureCause.Refused, "");

    [Test]
    public void Finish_NothingFailed_ReturnsNoWindow() =>
        Assert.That(Record(end: 5, (0, 0.01, Ok), (1, 1.01, Ok), (2, 2.5, Ok)), Is.Empty);

    [Test]
    public void Finish_ConsecutiveFailures_AreOneWindowFromTheFirstLostToTheFirstGoodAnswer() =>
        Assert.That(
            Record(end: 5, (0, 0.1, Ok), (1, 1.1, Refused), (2, 2.1, Timeout), (3, 3.1, Ok), (4, 4.1, Ok)),
            Is.EqualTo([Window(1, 3.1, lost: 2, ProbeFailureCause.Refused)]));

    [Test]
    public void Finish_FailuresApart_AreWindowsApart() =>
        Assert.That(
            Record(end: 5, (0, 0.1, Refused), (1, 1.1, Ok), (2, 2.1, Refused), (3, 3.1, Ok)),
            Is.EqualTo([Window(0, 1.1, lost: 1, ProbeFailureCause.Refused), Window(2, 3.1, lost: 1, ProbeFailureCause.Refused)]));

    [Test]
    public void Finish_ALostRequestThatEndsAfterALaterGoodOne_IsJudgedInTheOrderOfSending() =>
        Assert.That(
            Record(end: 9, (0, 0.1, Ok), (1, 3, Timeout), (2, 2.1, Ok), (3, 3.1, Ok)),
            Is.EqualTo([Window(1, 2.1, lost: 1, ProbeFailureCause.Timeout)]));

    [Test]
    public void Finish_AnOutageThatLasts_EndsWithTheProbeAndIsNotRecovered() =>
        Assert.That(
            Record(end: 6, (0, 0.1, Ok), (1, 1.1, Refused), (2, 2.1, Refused)),
            Is.EqualTo([Window(1, 6, lost: 2, ProbeFailureCause.Refused, recovered: false)]));

    [Test]
    public void Finish_AFreezeThatEndsWell_IsAStall() =>
        Assert.That(
            Record(end: 9, (0, 0.1, Ok), (1, 5, Ok), (2, 5, Ok), (3, 5, Ok), (4, 5, Ok), (5, 5.1, Ok)),
            Is.EqualTo([Window(1, 5, lost: 0, ProbeFailureCause.None)]));

    [Test]
    public void Finish_OneSlowAnswerAmongPromptOnes_IsNoStall() =>
        Assert.That(Record(end: 9, (0, 0.1, Ok), (1, 4.05, Ok), (2, 2.1, Ok), (3, 3.1, Ok), (4, 4.1, Ok)), Is.Empty);

    [Test]
    public void Finish_ATimeLongerThanTheThresholdWithNothingSent_IsNoStall() =>
        Assert.That(Record(end: 99, (0, 0.1, Ok), (60, 60.1, Ok)), Is.Empty);

    [Test]
    public void Finish_AStallThatGoesOnAsFailures_IsOneWindowWithTheirCause() =>
        Assert.That(
            Record(end: 9, (0, 0.1, Ok), (1, 3, Ok), (2, 4, Timeout), (3, 5, Timeout), (4, 5.1, Ok)),
            Is.EqualTo([Window(1, 5.1, lost: 2, ProbeFailureCause.Timeout)]));

    [Test]
    public void Send_InAPhase_GivesItToTheWindowThatBeginsThen()
    {
        var recorder = new FlowRecorder(TimeSpan.FromSeconds(1.5));
        var first = recorder.Send(TimeSpan.FromSeconds(1), "restart");
        var second = recorder.Send(TimeSpan.FromSeconds(2), "verify");
        recorder.Complete(first, Refused, TimeSpan.FromSeconds(2));
        recorder.Complete(second, Refused, TimeSpan.FromSeconds(2.5));
        Assert.That(recorder.Finish(TimeSpan.FromSeconds(3)).Single().Phase, Is.EqualTo("restart"));
    }

    /// <summary>Plays requests given as (sent, ended, outcome) in seconds; the threshold of a stall is 1.5 s.</summary>
    private static IReadOnlyList<FlowRecorder.Window> Record(
        double end, params (double Sent, double Ended, ProbeOutcome Outcome)[] requests)
    {
        var recorder = new FlowRecorder(TimeSpan.FromSeconds(1.5));
        var steps = new List<(double At, int Order, int Index)>();
        for (var i = 0; i < requests.Length; i++)
        {
            steps.Add((requests[i].Sent, 0, i));
            steps.Add((requests[i].Ended, 1, i));
        }

        var underWay = new FlowRecorder.Request[requests.Length];
        foreach (var (at, order, index) in steps.Order())
        {
            if (order == 0)
            {
                underWay[index] = recorder.Send(TimeSpan.FromSeconds(at), "phase");
            }
            else
            {
                recorder.Complete(underWay[index], requests[index].Outcome, TimeSpan.FromSeconds(at));
            }
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(recorder.Success, Is.EqualTo(requests.Count(request => request.Outcome.Succeeded)));
            Assert.That(recorder.Failure, Is.EqualTo(requests.Count(request => !request.Outcome.Succeeded)));
        }

        return recorder.Finish(TimeSpan.FromSeconds(end));
    }

    private static FlowRecorder.Window Window(
        double start, double end, long lost, ProbeFailureCause cause, bool recovered = true) =>
        new(TimeSpan.FromSeconds(start), TimeSpan.FromSeconds(end), lost, cause, "phase", recovered);
}
