using System.Net.Sockets;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;
using Microsoft.Extensions.Time.Testing;

namespace Antrea.Migration.Tests.Connectivity;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class ContinuousProbeTests
{
    private static readonly DateTimeOffset Start = new(2023, 10, 14, 12, 0, 0, TimeSpan.Zero);
    private static readonly Uri Target = new("http://nginx-origin");

    private readonly FakeTimeProvider _time = new(Start);

    [Test]
    public async Task StopAsync_AQuietRun_HasTotalsAndNoOutage()
    {
        await using var probe = Watch(("a", _ => ScriptedTransport.Ok), ("b", _ => ScriptedTransport.Ok));
        InlineTime.Run(probe.Start);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(9.9));
        var result = await probe.StopAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Outages, Is.Empty);
            Assert.That(result.Flows, Is.EqualTo<FlowTotals>(
                [new FlowTotals(new FlowName("", "a"), 20, 0, 0, TimeSpan.Zero), new FlowTotals(new FlowName("", "b"), 20, 0, 0, TimeSpan.Zero)]));
            Assert.That(result.Flows[0].Total, Is.EqualTo(20));
        }
    }

    [Test]
    public async Task StopAsync_AFlowRefusedInOnePhase_HasItsWindowWithThatPhase()
    {
        var down = false;
        await using var probe = Watch(
            ("client → b", _ => down ? Fail(SocketError.ConnectionRefused) : ScriptedTransport.Ok),
            ("client → a", _ => ScriptedTransport.Ok));
        InlineTime.Run(probe.Start);
        probe.EnterPhase("install");
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1.9));
        probe.EnterPhase("restart");
        down = true;
        _time.AdvanceInSteps(TimeSpan.FromSeconds(2));
        probe.EnterPhase("verify");
        down = false;
        _time.AdvanceInSteps(TimeSpan.FromSeconds(2));
        var result = await probe.StopAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Outages, Is.EqualTo(
            [
                new OutageWindow(
                    new FlowName("client", "b"), Start.AddSeconds(2), Start.AddSeconds(4), 4, ProbeFailureCause.Refused, "restart", true),
            ]));
            Assert.That(result.Flows[0].LongestOutage, Is.EqualTo(TimeSpan.FromSeconds(2)));
            Assert.That(result.Flows[0].Failure, Is.EqualTo(4));
            Assert.That(result.Flows[1].LongestOutage, Is.EqualTo(TimeSpan.Zero));
            Assert.That((result.Start, result.Elapsed), Is.EqualTo((Start, TimeSpan.FromSeconds(5.9))));
            Assert.That(result.Phases, Is.EqualTo(
            [
                new LoadPhase(TimeSpan.Zero, "install"),
                new LoadPhase(TimeSpan.FromSeconds(1.9), "restart"),
                new LoadPhase(TimeSpan.FromSeconds(3.9), "verify"),
            ]));
            Assert.That(result.Dots.Select(d => (d.Flow.ToString(), d.Dots.Length, d.Dots.Count(dot => !dot.Succeeded))), Is.EqualTo(
                new[] { ("client → b", 12, 4), ("client → a", 12, 0) }));
        }
    }

    [Test]
    public async Task NotingGate_TellsTheNodesWhosePodsAreRestarted()
    {
        var down = false;
        var transport = new ScriptedTransport(_ => down ? Fail(SocketError.ConnectionRefused) : ScriptedTransport.Ok);
        await using var probe = new ContinuousProbe([new ProbeFlow(new FlowName("client", "a", "Pod to Service"), Target, transport)], null, _time);
        InlineTime.Run(probe.Start);
        var gate = new NotingGate(probe);
        var restart = new MigrationStep(
            "multus-pods/restart-pods", MigrationPhase.MultusPods, MigrationStepKind.RestartPods, "Restart Pods", null, Reversibility.ReversibleWithRestarts, []);
        var allowed = await gate.AskAsync(new MigrationChange(restart, "deployment/nginx", ["a", "b", "c", "d", "e", "f", "g"]));
        down = true;
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1));
        down = false;
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1));
        var outage = (await probe.StopAsync()).Outages.Single();
        Assert.That(
            (allowed, outage.Flow, outage.Phase, outage.Nodes),
            Is.EqualTo(((MigrationStop?)null, new FlowName("client", "a", "Pod to Service"), "MultusPods", "a, b, c, d, e and 2 more")));
    }

    [Test]
    public async Task StopAsync_RequestsThatHang_DoNotStopTheWatchAndEndTheWindowWithTheFirstGoodAnswer()
    {
        var down = false;
        await using var probe = Watch(("a", _ => down ? null : ScriptedTransport.Ok));
        InlineTime.Run(probe.Start);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(0.9));
        down = true;
        _time.AdvanceInSteps(TimeSpan.FromSeconds(4));
        down = false;
        _time.AdvanceInSteps(TimeSpan.FromSeconds(4));
        var result = await probe.StopAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Outages, Is.EqualTo(
                [new OutageWindow(new FlowName("", "a"), Start.AddSeconds(1), Start.AddSeconds(5), 8, ProbeFailureCause.Timeout, "", true)]));
            Assert.That(result.Flows[0].NotSent, Is.Zero);
        }
    }

    [Test]
    public async Task StopAsync_AFreezeThatLosesNothing_IsAnOutageWithoutLosses()
    {
        var held = new TaskCompletionSource<ProbeResponse>();
        await using var probe = Watch(
            new ContinuousProbeOptions { Timeout = TimeSpan.FromSeconds(10) },
            ("a", i => i is > 4 and <= 12 ? held.Task : ScriptedTransport.Ok));
        InlineTime.Run(probe.Start);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(5.9));
        InlineTime.Run(() => held.SetResult(new ProbeResponse(200, 0)));
        _time.AdvanceInSteps(TimeSpan.FromSeconds(2));
        var result = await probe.StopAsync();
        Assert.That(result.Outages, Is.EqualTo(
            [new OutageWindow(new FlowName("", "a"), Start.AddSeconds(2), Start.AddSeconds(5.9), 0, ProbeFailureCause.None, "", true)]));
    }

    [Test]
    public async Task StopAsync_InTheMiddleOfAnOutage_WaitsForWhatIsUnderWayAndSaysItLasts()
    {
        await using var probe = Watch(("a", i => i < 3 ? ScriptedTransport.Ok : null));
        InlineTime.Run(probe.Start);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(2.4));
        var stopping = InlineTime.Run(() => probe.StopAsync());
        Assert.That(stopping.IsCompleted, Is.False);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(3));
        var outage = (await stopping).Outages.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(outage.Recovered, Is.False);
            Assert.That(outage.Start, Is.EqualTo(Start.AddSeconds(1)));
            Assert.That(outage.End, Is.GreaterThanOrEqualTo(Start.AddSeconds(4)));
            Assert.That(outage.RequestsLost, Is.EqualTo(3));
        }
    }

    [Test]
    public async Task DisposeAsync_WithRequestsUnderWay_BreaksThemOff()
    {
        var probe = Watch(("a", _ => null));
        InlineTime.Run(probe.Start);
        _time.AdvanceInSteps(TimeSpan.FromSeconds(1));
        await probe.DisposeAsync();
        Assert.That(() => probe.StopAsync(), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void Constructor_FlowsWithSeveralFaults_NamesThemAll()
    {
        var transport = new ScriptedTransport(_ => null);
        ProbeFlow[] flows =
        [
            new(new FlowName("a", "b"), Target, transport),
            new(new FlowName("a", "b", "Pod to name"), Target, transport),
            new(new FlowName("", "c"), new Uri("file:///c"), transport),
        ];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                () => new ContinuousProbe(flows),
                Throws.ArgumentException.With.Message.Contains("There are 2 flows named 'a → b'.")
                    .And.Message.Contains("The target of flow 'c' is 'file:///c', but must be an absolute URL with a host"));
            Assert.That(() => new ContinuousProbe([]), Throws.ArgumentException.With.Message.Contains("no flow"));
            Assert.That(
                () => new ContinuousProbe(flows[..1], new ContinuousProbeOptions { StallThreshold = TimeSpan.Zero }),
                Throws.ArgumentException.With.Message.Contains("StallThreshold is 0s"));
        }
    }

    [Test]
    public async Task StopAsync_AFlowThatIsNoHttp_IsWatchedToo()
    {
        await using var probe = new ContinuousProbe(
            [new ProbeFlow(new FlowName("client", "db"), new Uri("tcp://db:5432"), new ScriptedTransport(_ => ScriptedTransport.Ok))], null, _time);
        InlineTime.Run(probe.Start);
        Assert.That((await probe.StopAsync()).Flows.Single().Success, Is.EqualTo(1));
    }

    [Test]
    public void Start_Twice_AndStopBeforeStart_AreTheCallersBugs()
    {
        var probe = Watch(("a", _ => ScriptedTransport.Ok));
        Assert.That(() => probe.StopAsync(), Throws.InvalidOperationException);
        InlineTime.Run(probe.Start);
        Assert.That(probe.Start, Throws.InvalidOperationException);
    }

    private static Task<ProbeResponse> Fail(SocketError error) =>
        Task.FromException<ProbeResponse>(new SocketException((int)error));

    private ContinuousProbe Watch(params (string Name, Func<int, Task<ProbeResponse>?> Script)[] flows) =>
        Watch(new ContinuousProbeOptions(), flows);

    private ContinuousProbe Watch(
        ContinuousProbeOptions options, params (string Name, Func<int, Task<ProbeResponse>?> Script)[] flows) =>
        new(flows.Select(flow => new ProbeFlow(NameOf(flow.Name), Target, new ScriptedTransport(flow.Script))), options, _time);

    private static FlowName NameOf(string text) => text.Split(" → ") is [var source, var destination] ? new(source, destination) : new("", text);
}
