using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Execution;
using k8s;

namespace Antrea.Migration.Tests.Execution;

/// <summary>The journal in the cluster on large clusters. Lost answers and second migrators are the lab's to test.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ConfigMapJournalTests : IDisposable
{
    private const int MostBytes = 1024 * 1024;

    private readonly ConfigMaps _server = new();
    private readonly Kubernetes _client;

    public ConfigMapJournalTests() => _client = new Kubernetes(new KubernetesClientConfiguration { Host = "http://127.0.0.1:1" }, _server);

    public void Dispose() => _client.Dispose();

    [Test]
    public async Task Append_ForFiveThousandNodes_NoConfigMapNearsItsLimit()
    {
        string[] steps = ["bridge/delegate-to-calico", "multus-pods/delegate-to-both", "antrea-pods/delegate-to-antrea", "remove-calico/remove-multus-config", "remove-calico/clean-node"];
        var journal = new ConfigMapJournal(_client);
        await journal.AppendAsync(new JournalEntry(At(0), "plan", JournalState.Plan, Noise(300_000)));
        var written = 0;
        foreach (var step in steps)
        {
            for (var node = 0; node < 5_000; node++)
            {
                await journal.AppendAsync(new JournalEntry(
                    At(written++), $"{step}/ip-10-{node / 250}-{node % 250}-{node * 7919 % 251}.ec2.internal", JournalState.Done, "00-multus.conf delegates to calico and antrea"));
            }
        }

        var entries = await new ConfigMapJournal(_client).ReadAsync();
        TestContext.Out.WriteLine($"largest ConfigMap {_server.LargestBytes} bytes, {_server.WrittenBytes / _server.Writes} a write");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(entries, Has.Length.EqualTo(25_001));
            Assert.That(entries[0].State, Is.EqualTo(JournalState.Plan));
            Assert.That(entries.Skip(1).Select(e => e.Time), Is.Ordered);
            Assert.That(_server.LargestBytes, Is.LessThan(MostBytes));
        }
    }

    [Test]
    public async Task Read_AfterACrashBetweenArchiveAndJournal_GivesEachStepsNewestEntryOnce()
    {
        var journal = new ConfigMapJournal(_client);
        List<JournalEntry> written = [];
        _server.DiesAfterArchive = true;
        for (var number = 0; !_server.Has("journal-archive"); number++)
        {
            var entry = new JournalEntry(At(number), $"step/{number / 2}", number % 2 == 0 ? JournalState.Intent : JournalState.Done, Noise(200));
            try
            {
                await journal.AppendAsync(entry);
                written.Add(entry);
            }
            catch (InvalidOperationException)
            {
                Assert.That(_server.Has("journal-archive"));
            }
        }

        _server.DiesAfterArchive = false;
        var again = new ConfigMapJournal(_client);
        var entries = await again.ReadAsync();
        await again.AppendAsync(new JournalEntry(At(0), "step/0", JournalState.Failed, ""));
        var later = await new ConfigMapJournal(_client).ReadAsync();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(entries, Is.EqualTo(written.GroupBy(e => e.StepId).Select(g => g.Last())));
            Assert.That(later.Select(e => e.StepId), Is.Unique);
            Assert.That(later.Single(e => e.StepId == "step/0").State, Is.EqualTo(JournalState.Failed));
        }
    }

    private static DateTimeOffset At(int seconds) => DateTimeOffset.UnixEpoch.AddSeconds(seconds);

    /// <summary>What does not pack well, as a packed plan does not.</summary>
    private static string Noise(int length)
    {
        var bytes = new byte[length * 3 / 4];
        new Random(length).NextBytes(bytes);
        return Convert.ToBase64String(bytes);
    }

    /// <summary>Just enough of an API server to keep ConfigMaps, without a socket.</summary>
    private sealed class ConfigMaps : DelegatingHandler
    {
        private readonly Dictionary<string, JsonObject> _objects = [];
        private long _version;

        public int Writes { get; private set; }

        public long WrittenBytes { get; private set; }

        public int LargestBytes { get; private set; }

        public bool DiesAfterArchive { get; set; }

        public bool Has(string name) => _objects.ContainsKey(name);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.AbsolutePath;
            var name = path[(path.LastIndexOf('/') + 1)..];
            if (path == "/api/v1")
            {
                return Answer(200, """{"resources":[{"name":"namespaces","kind":"Namespace","namespaced":false}]}""");
            }

            if (request.Method == HttpMethod.Get)
            {
                return _objects.TryGetValue(name, out var found) ? Answer(200, found.ToJsonString()) : Answer(404, "{}");
            }

            var text = await request.Content!.ReadAsStringAsync(cancellationToken);
            if (request.Method == HttpMethod.Patch)
            {
                return Answer(200, text);
            }

            var body = JsonNode.Parse(text)!.AsObject();
            name = body["metadata"]!["name"]!.ToString();
            if (DiesAfterArchive && name == "journal" && Has("journal-archive"))
            {
                throw new InvalidOperationException("the process ends here");
            }

            body["metadata"]!["resourceVersion"] = $"{++_version}";
            _objects[name] = body;
            Writes++;
            WrittenBytes += text.Length;
            LargestBytes = Math.Max(LargestBytes, Encoding.UTF8.GetByteCount(text));
            return Answer(200, body.ToJsonString());
        }

        private static HttpResponseMessage Answer(int code, string body) =>
            new((HttpStatusCode)code) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }
}
