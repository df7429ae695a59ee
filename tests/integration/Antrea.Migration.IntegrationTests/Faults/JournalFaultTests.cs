using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using k8s;

namespace Antrea.Migration.IntegrationTests.Faults;

/// <summary>The journal in the cluster, when the answers to its writes are lost.</summary>
[TestFixture]
internal sealed class JournalFaultTests
{
    private readonly FaultInjection _faults = new();
    private readonly SteeredTime _time = new();
    private LabCluster _lab = null!;
    private Kubernetes _client = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _lab = await LabCluster.StartAsync(_faults.Options with { Workers = 1, Workloads = false, ExtraObjects = "" });
        _client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(_lab.KubeconfigPath));
    }

    [SetUp]
    public void Clean()
    {
        _faults.Rule = null;
        if (_lab.Store.Peek(ResourceType.ConfigMap, "antrea-migration", "journal") is not null)
        {
            _lab.Store.Delete(ResourceType.ConfigMap, "antrea-migration", "journal");
        }
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        _client.Dispose();
        await _lab.DisposeAsync();
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Entry_whose_answer_is_lost_is_written_once([Values("create", "update")] string verb, CancellationToken cancellationToken)
    {
        var journal = new ConfigMapJournal(_client, _time);
        List<JournalEntry> written = [Entry("one"), Entry("two"), Entry("three")];
        FailFirst(verb, new LabApiFault.Drop(AfterHandling: true));
        foreach (var entry in written)
        {
            await journal.AppendAsync(entry, cancellationToken);
        }

        Assert.That(await new ConfigMapJournal(_client).ReadAsync(cancellationToken), Is.EqualTo(written));
        Assert.That(_faults.Injected, Is.GreaterThan(0));
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Conflict_that_nobody_caused_is_tried_again(CancellationToken cancellationToken)
    {
        var journal = new ConfigMapJournal(_client, _time);
        await journal.AppendAsync(Entry("one"), cancellationToken);
        FailFirst("update", new LabApiFault.Refuse(409, "Conflict"));

        await journal.AppendAsync(Entry("two"), cancellationToken);

        Assert.That((await journal.ReadAsync(cancellationToken)).Select(entry => entry.StepId), Is.EqualTo(new[] { "one", "two" }));
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Second_migrator_is_told_from_a_lost_answer([Values] bool fromTheStart, [Values] bool answerIsLost, CancellationToken cancellationToken)
    {
        var (mine, others) = (new ConfigMapJournal(_client, _time), new ConfigMapJournal(_client, _time));
        if (!fromTheStart)
        {
            await mine.AppendAsync(Entry("one"), cancellationToken);
        }

        await others.ReadAsync(cancellationToken);
        await others.AppendAsync(Entry("theirs"), cancellationToken);
        if (answerIsLost)
        {
            FailFirst(fromTheStart ? "create" : "update", new LabApiFault.Drop(AfterHandling: true));
        }

        Assert.That(
            async () => await mine.AppendAsync(Entry("mine"), cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.Contains("another migrator").And.Property("Next").Contains("only one"));
        Assert.That((await others.ReadAsync(cancellationToken))[^1].StepId, Is.EqualTo("theirs"));
    }

    [Test]
    [CancelAfter(180_000)]
    public void Journal_that_cannot_be_read_or_written_says_what_to_do(CancellationToken cancellationToken)
    {
        _faults.Rule = request => request.Resource == "configmaps" ? new LabApiFault.Refuse(500, "InternalError") : null;
        var journal = new ConfigMapJournal(_client, _time);

        Assert.That(
            async () => await journal.ReadAsync(cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.Contains("antrea-migration/journal cannot be read").And.Property("Next").Contains("again"));
        Assert.That(
            async () => await journal.AppendAsync(Entry("one"), cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.Contains("antrea-migration/journal cannot be written").And.Property("Next").Contains("again"));
    }

    private void FailFirst(string verb, LabApiFault fault)
    {
        var seen = 0;
        _faults.Rule = request =>
            request.Resource == "configmaps" && request.Verb == verb && Interlocked.Increment(ref seen) == 1 ? fault : null;
    }

    private static JournalEntry Entry(string step) => new(DateTimeOffset.UnixEpoch, step, JournalState.Done, "");
}
