using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration;
using Antrea.Migration.Clusters;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;
using Antrea.Migrator.Commands;
using k8s;

namespace Antrea.Migrator.Tests.Commands;

/// <summary>A run that does not come to an end of its own, on a lab of two Nodes: what it has seen until then is shown and written.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MigrationRunTests : IDisposable
{
    private static readonly FlowName Flow = new("client", "http://web");

    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();

    [Test]
    [CancelAfter(120_000)]
    public async Task A_run_whose_journal_cannot_be_kept_writes_its_report_and_ends_with_that(CancellationToken cancellationToken)
    {
        var fault = new MigrationException("The disk is full.", "Make room, then run the command again.");
        var result = await RunAsync(_output, new FullJournal(new FileJournal(_folder.At("journal.jsonl")), fault, entries: 4), cancellationToken);

        await result.WriteAsync(_output, _folder.At("report.json"));

        var report = JsonNode.Parse(await File.ReadAllTextAsync(_folder.At("report.json"), cancellationToken))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((report["result"]!.ToString(), report["stoppedBecause"]?.ToString()), Is.EqualTo(("Failed", fault.Message)));
            Assert.That(report["flows"]!.AsArray().Select(f => f!["total"]!.GetValue<long>()), Has.One.Positive, "what was watched is not lost");
            Assert.That(report["pods"]!["total"]!.GetValue<int>(), Is.Positive);
            Assert.That(_output.ToString(), Does.Contain("── Failed ─").And.Contain($"   Traffic   {Flow}: "));
            Assert.That(() => result.ExitCode(), Throws.Exception.SameAs(fault));
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_run_that_nobody_waits_for_while_Pods_are_counted_does_not_know_how_many_there_are(CancellationToken cancellationToken)
    {
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var output = new WatchedWriter(text =>
        {
            if (text.Contains("■ HOLD", StringComparison.Ordinal))
            {
                impatient.Cancel();
            }
        });
        var result = await RunAsync(output, new FileJournal(_folder.At("journal.jsonl")), impatient.Token);

        await result.WriteAsync(_output, _folder.At("report.json"));

        using (Assert.EnterMultipleScope())
        {
            Assert.That((result.Result, result.Pods, result.ExitCode()), Is.EqualTo(("Held", (object?)null, ExitCodes.Findings)));
            Assert.That(_output.ToString(), Does.Contain("   Pods      unknown"));
            Assert.That(File.Exists(_folder.At("report.json")));
        }
    }

    public void Dispose()
    {
        _output.Dispose();
        _folder.Dispose();
    }

    private async Task<MigrationRunResult> RunAsync(TextWriter output, IMigrationJournal journal, CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 1, Workloads = false }, CancellationToken.None);
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(lab.KubeconfigPath));
        var options = new MigrationOptions
        {
            AntreaManifest = ObjectReader.Read(LabManifests.Antrea(), "antrea.yml"),
            MultusManifest = ObjectReader.Read(LabManifests.Multus(), "multus.yml"),
            NodeAgentImage = LabManifests.NodeAgentImage,
        };
        var plan = MigrationPlanner.Plan(await new KubernetesClusterReader(client).ReadAsync(CancellationToken.None), options);
        await using var watch = new TrafficWatch(
            null, null, [new ProbeFlow(Flow, new Uri("http://127.0.0.1"), new Answering())], TimeSpan.FromMilliseconds(50), null, TextWriter.Null);
        var run = new MigrationRun(output, plan, new MigrationExecutor(client, journal), watch, null);
        return await run.ExecuteAsync(options, new ExecutionOptions { BackupDirectory = _folder.At("backup") }, cancellationToken);
    }

    /// <summary>A web server that is always there.</summary>
    private sealed class Answering : IProbeTransport
    {
        public Task<ProbeResponse> SendAsync(Uri target, CancellationToken cancellationToken) => Task.FromResult(new ProbeResponse(200, 1));
    }

    /// <summary>Has room for so many entries.</summary>
    private sealed class FullJournal(IMigrationJournal inner, MigrationException fault, int entries) : IMigrationJournal
    {
        private int _left = entries;

        public Task<ImmutableArray<JournalEntry>> ReadAsync(CancellationToken cancellationToken = default) => inner.ReadAsync(cancellationToken);

        public Task AppendAsync(JournalEntry entry, CancellationToken cancellationToken = default) => _left-- > 0 ? inner.AppendAsync(entry, cancellationToken) : throw fault;
    }

    /// <summary>Tells of each line.</summary>
    private sealed class WatchedWriter(Action<string> line) : StringWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            line(value ?? "");
        }
    }
}
