using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Bridge;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Tests.Output;

public class StatusOutputTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly MigrationPlan Plan = new()
    {
        Id = "0123456789ab",
        Fingerprint = "",
        Scenario = "Simple",
        AntreaVersion = "v2.7.0",
        Nodes = ["a", "b"],
        PodCidrs = ImmutableSortedDictionary<string, ImmutableArray<Cidr>>.Empty,
        ServiceCidrs = [],
        CalicoCidrs = [],
        ManifestHash = "",
        Steps =
        [
            Step("bridge/hold-calico/a", MigrationPhase.Bridge, MigrationStepKind.HoldCalico, "a"), Step("bridge/hold-calico/b", MigrationPhase.Bridge, MigrationStepKind.HoldCalico, "b"),
            Step("antrea-pods/restart-pods", MigrationPhase.AntreaPods, MigrationStepKind.RestartPods, null),
        ],
        Findings = [],
    };

    [Test]
    public void Write_SaysWhatIsLeftAndWhichPodsAreStrays()
    {
        var lines = Text(Output(Pods(25), Done("bridge/hold-calico/a", 90)));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines, Does.Contain("Time left about 1.5 min and 1 steps of kinds that were not measured yet"));
            Assert.That(lines, Does.Contain("Pods      25 Calico, 3 Antrea"));
            Assert.That(lines, Does.Contain("Strays    25: on another network than a finished phase should have left them on; run the migration again, or restart them"));
            Assert.That(lines.Count(l => l.StartsWith("          shop/p", StringComparison.Ordinal)), Is.EqualTo(20));
            Assert.That(lines, Does.Contain("          shop/p00 (Calico, Node a)").And.Contain("          and 5 more: see -o json"));
        }
    }

    [Test]
    public void Write_WithoutStrays_SaysNone() => Assert.That(Text(Output(Pods(0))), Does.Contain("Pods      3 Antrea").And.Contain("Strays    none"));

    [Test]
    public void Write_WherePodsAreNotKnown_SaysWhyAndTheRest()
    {
        var output = Output(null);
        output.PodsUnknown = "Node a does not answer.";

        Assert.That(Text(output), Does.Contain("Pods      not known: Node a does not answer.").And.Contain("Next      bridge/hold-calico/a: hold-calico/a"));
    }

    [Test]
    public void Write_AfterAFailure_SaysHowToRetry() => Assert.That(
        Text(Output(Pods(0), new JournalEntry(Start, "bridge/hold-calico/a", JournalState.Failed, "no file"))),
        Does.Contain("          Failed 2026-01-02 03:04:05 UTC no file")
            .And.Contain("          To retry run the same 'antrea-migrator migrate --execute' again: it goes on at this step."));

    [Test]
    public void ToJson_HasTheInventory()
    {
        var json = Output(Pods(2)).ToJson();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(json["pods"]!.ToJsonString(), Is.EqualTo("""{"calico":2,"multus":0,"antrea":3,"unknown":0}"""));
            Assert.That(json["strays"]!.ToJsonString(), Is.EqualTo("""{"count":2,"pods":[{"name":"shop/p00","node":"a","network":"Calico"},{"name":"shop/p01","node":"a","network":"Calico"}]}"""));
            Assert.That(Output(null).ToJson()["strays"], Is.Null);
            Assert.That(Output(Pods(3000)).ToJson()["strays"]!["pods"]!.AsArray(), Has.Count.EqualTo(1000), "a list that a screen and a script can take");
        }
    }

    private static StatusOutput Output(PodInventory? pods, params JournalEntry[] entries)
    {
        var record = new MigrationRecord(Plan, null, [.. entries]);
        return new StatusOutput(record, MigrationStatus.Of(record), null, null) { Pods = pods };
    }

    private static PodInventory Pods(int strays) => new(
        strays == 0 ? ImmutableSortedDictionary<PodNetwork, int>.Empty.Add(PodNetwork.Antrea, 3) : ImmutableSortedDictionary<PodNetwork, int>.Empty.Add(PodNetwork.Antrea, 3).Add(PodNetwork.Calico, strays),
        [.. Enumerable.Range(0, strays).Select(i => new StrayPod($"shop/p{i:00}", "a", PodNetwork.Calico))]);

    private static JournalEntry Done(string step, int seconds) => new(Start, step, JournalState.Done, "") { Duration = TimeSpan.FromSeconds(seconds) };

    private static MigrationStep Step(string id, MigrationPhase phase, MigrationStepKind kind, string? node) => new(id, phase, kind, id[(id.IndexOf('/') + 1)..], node, Reversibility.Reversible, []);

    private static string[] Text(StatusOutput output)
    {
        var text = new StringWriter();
        output.Write(text);
        return text.ToString().ReplaceLineEndings("\n").Split('\n');
    }
}
