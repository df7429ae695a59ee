using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Time.Testing;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class WatchTests
{
    private static JsonObject NewMap(string name, string app = "x", string value = "") => TestCluster.Json(
        $$"""{ "metadata": { "name": "{{name}}", "namespace": "default", "labels": { "app": "{{app}}" } }, "data": { "v": "{{value}}" } }""");

    /// <summary>The lines of a watch, as text: event type and name.</summary>
    private static async IAsyncEnumerable<JsonObject> LinesAsync(
        TestCluster cluster, string pathAndQuery, string? accept = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(cluster.Plane.Server, pathAndQuery));
        request.Headers.Accept.ParseAdd(accept ?? "application/json");
        var token = cluster.Plane.Kubeconfig.Split("token: ")[1].Split('\n')[0];
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await cluster.Client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line)
        {
            yield return TestCluster.Json(line);
        }
    }

    private static string Show(JsonObject line) => $"{line.Text("type")} {line.Text("object", "metadata", "name")}".TrimEnd();

    [Test]
    public async Task An_object_that_leaves_the_selection_is_deleted_for_the_watcher(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        var since = cluster.Store.Version;
        cluster.Store.Create(ResourceType.ConfigMap, NewMap("one"));
        cluster.Store.Create(ResourceType.ConfigMap, NewMap("two", "y"));
        cluster.Store.Update(ResourceType.ConfigMap, NewMap("two", "x"));
        cluster.Store.Update(ResourceType.ConfigMap, NewMap("one", "x", "changed"));
        cluster.Store.Update(ResourceType.ConfigMap, NewMap("one", "y"));
        cluster.Store.Update(ResourceType.ConfigMap, NewMap("one", "y", "unseen"));
        cluster.Store.Delete(ResourceType.ConfigMap, "default", "two");
        var seen = await LinesAsync(cluster, $"/api/v1/namespaces/default/configmaps?watch=1&labelSelector=app%3Dx&resourceVersion={since}")
            .Take(5).Select(Show).ToListAsync(token);
        Assert.That(seen, Is.EqualTo((string[])["ADDED one", "ADDED two", "MODIFIED one", "DELETED one", "DELETED two"]));
    }

    [Test]
    public async Task A_watch_without_a_version_starts_with_what_is_there(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        cluster.Store.Create(ResourceType.ConfigMap, NewMap("one"));
        var lines = LinesAsync(cluster, "/api/v1/namespaces/default/configmaps?watch=1").GetAsyncEnumerator(token);
        await lines.MoveNextAsync();
        var first = Show(lines.Current);
        cluster.Store.Create(ResourceType.ConfigMap, NewMap("two"));
        await lines.MoveNextAsync();
        var second = Show(lines.Current);
        await lines.DisposeAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first, Is.EqualTo("ADDED one"));
            Assert.That(second, Is.EqualTo("ADDED two"));
        }
    }

    [Test]
    public async Task A_watch_from_a_forgotten_version_says_that_it_is_gone(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0, historyLimit: 10);
        foreach (var i in Enumerable.Range(0, 40))
        {
            cluster.Store.Create(ResourceType.ConfigMap, NewMap($"cm-{i}"));
        }

        var lines = await LinesAsync(cluster, "/api/v1/configmaps?watch=1&resourceVersion=5").ToListAsync(token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines.Select(l => l.Text("type")), Is.EqualTo((string[])["ERROR"]));
            Assert.That(lines[0].Number("object", "code"), Is.EqualTo(410));
            Assert.That(lines[0].Text("object", "reason"), Is.EqualTo("Expired"));
        }
    }

    [Test]
    public async Task A_watch_ends_when_its_time_is_up_and_sends_bookmarks_until_then(CancellationToken token)
    {
        var time = new TimerAwareTime(TimeSpan.FromMinutes(1));
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0, time: time);
        var version = cluster.Store.Version;
        var lines = LinesAsync(
            cluster, $"/api/v1/configmaps?watch=1&allowWatchBookmarks=true&timeoutSeconds=90&resourceVersion={version}").GetAsyncEnumerator(token);
        var first = lines.MoveNextAsync().AsTask();
        await time.TimerSet.WaitAsync(token); // the last timer the server sets before it waits
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.That(await first.WaitAsync(token), Is.True);
        var bookmark = lines.Current;
        var end = lines.MoveNextAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(30));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(bookmark.Text("type"), Is.EqualTo("BOOKMARK"));
            Assert.That(long.Parse(bookmark.Text("object", "metadata", "resourceVersion")!), Is.GreaterThanOrEqualTo(version));
            Assert.That(await end.WaitAsync(token), Is.False, "the answer ends");
        }
    }

    [Test]
    public async Task A_streamed_list_ends_with_a_bookmark(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        cluster.Store.Create(ResourceType.ConfigMap, NewMap("one"));
        var lines = await LinesAsync(
            cluster, "/api/v1/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
            .Take(2).ToListAsync(token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines.Select(Show), Is.EqualTo((string[])["ADDED one", "BOOKMARK"]));
            Assert.That(lines[1].Text("object", "metadata", "annotations", "k8s.io/initial-events-end"), Is.EqualTo("true"));
        }
    }

    [Test]
    public async Task A_reader_that_reconnects_after_dropped_watches_misses_nothing(CancellationToken token)
    {
        var drops = 0;
        var options = new LabControlPlaneOptions
        {
            Faults = request => request.Verb == "watch" && Interlocked.Increment(ref drops) <= 5 ? new LabApiFault.EndWatch(2) : null,
        };
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0, options: options);
        var list = await cluster.Client.CoreV1.ListNamespacedConfigMapAsync("default", cancellationToken: token);
        var version = list.ResourceVersion();
        var writing = Task.Run(
            () =>
            {
                foreach (var i in Enumerable.Range(0, 30))
                {
                    cluster.Store.Create(ResourceType.ConfigMap, NewMap($"cm-{i:00}"));
                }
            },
            token);

        var seen = new List<string>();
        var connections = 0;
        while (seen.Count < 30)
        {
            connections++;
            try
            {
                await foreach (var (type, map) in cluster.Client.CoreV1.WatchListNamespacedConfigMapAsync(
                    "default", resourceVersion: version, cancellationToken: token))
                {
                    seen.Add($"{type} {map.Name()}");
                    version = map.ResourceVersion();
                    if (seen.Count == 30)
                    {
                        break;
                    }
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                continue; // dropped; go on from the last version seen
            }
        }

        await writing;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(seen, Is.EqualTo(Enumerable.Range(0, 30).Select(i => $"Added cm-{i:00}")));
            Assert.That(connections, Is.GreaterThanOrEqualTo(6));
        }
    }

    [Test]
    public async Task A_watch_can_ask_for_tables(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 1);
        var line = await LinesAsync(
            cluster, "/api/v1/nodes?watch=1", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json").FirstAsync(token);
        var row = line.Items("object", "rows").Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(line.Text("object", "kind"), Is.EqualTo("Table"));
            Assert.That(row["cells"]!.AsArray().Take(3).Select(c => c.Text()), Is.EqualTo((string[])["worker1", "Ready", "<none>"]));
            Assert.That(row.Text("object", "metadata", "name"), Is.EqualTo("worker1"));
        }
    }

    /// <summary>A clock that says when a timer of one length has been set for the first time.</summary>
    private sealed class TimerAwareTime(TimeSpan length) : FakeTimeProvider
    {
        private readonly TaskCompletionSource _set = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task TimerSet => _set.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime == length)
            {
                _set.TrySetResult();
            }

            return timer;
        }
    }
}

file static class Yielding
{
    /// <summary>A task for <see cref="Task.Yield"/>, to let the other side run.</summary>
    public static async Task AsTask(this System.Runtime.CompilerServices.YieldAwaitable yield) => await yield;
}
