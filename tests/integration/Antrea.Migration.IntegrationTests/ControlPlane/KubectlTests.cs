using System.Text.RegularExpressions;
using Antrea.Migration.Lab.Controllers;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

/// <summary>The lab as an operator with kubectl sees it.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(600_000)]
internal sealed class KubectlTests
{
    private const string Manifest = """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata:
          name: nginx-ds
        spec:
          selector:
            matchLabels:
              app: nginx-ds
          template:
            metadata:
              labels:
                app: nginx-ds
            spec:
              containers:
              - name: nginx
                image: nginx
                env:
                - name: A
                  value: "1"
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: nginx-ds
        spec:
          selector:
            app: nginx-ds
          ports:
          - port: 80
        """;

    private static async Task<(TestCluster Cluster, Kubectl Kubectl)> StartAsync(CancellationToken token, LabControlPlaneOptions? options = null)
    {
        Requires.Kubectl();
        var cluster = await TestCluster.StartAsync(token, options: options);
        return (cluster, new Kubectl(cluster.Plane.Kubeconfig));
    }

    /// <summary>The cells of a printed table, without the heading.</summary>
    private static List<string[]> Rows(string table) =>
        [.. table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => Regex.Split(line.Trim(), " {2,}"))];

    [Test]
    public async Task Operator_lists_Nodes_and_Pods(CancellationToken token)
    {
        var (cluster, kubectl) = await StartAsync(token);
        await using var _ = cluster;
        using var __ = kubectl;
        await kubectl.OutputAsync("apply -f -", token, Manifest);
        await kubectl.OutputAsync("rollout status daemonset/nginx-ds --timeout=60s", token);
        await kubectl.OutputAsync("cordon worker3", token);
        cluster.Kubelet.Holds = p => p.IsTerminating();
        cluster.Store.Stop(cluster.PodsOf("nginx-ds").Single(p => p.NodeName() == "worker1"));

        var nodes = Rows(await kubectl.OutputAsync("get nodes -o wide", token));
        var pods = Rows(await kubectl.OutputAsync("get pods -o wide", token));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(nodes.Select(r => $"{r[0]} {r[1]} {r[4]} {r[5]}"), Is.EqualTo((string[])
            [
                "worker1 Ready v1.27.3 172.18.0.2", "worker2 Ready v1.27.3 172.18.0.2", "worker3 Ready,SchedulingDisabled v1.27.3 172.18.0.2",
            ]));
            Assert.That(pods.Select(r => $"{r[1]} {r[2]} {r[3]} {r[6]}"), Is.EquivalentTo((string[])
            [
                "1/1 Terminating 0 worker1", "1/1 Running 0 worker2", "1/1 Running 0 worker3",
            ]));
            Assert.That(pods.Select(r => r[5]), Has.All.StartsWith("10.10.0."));
        }
    }

    [Test]
    public async Task Operator_applies_changes_and_deletes(CancellationToken token)
    {
        var (cluster, kubectl) = await StartAsync(token);
        await using var _ = cluster;
        using var __ = kubectl;
        var made = await kubectl.OutputAsync("apply -f -", token, Manifest);
        var same = await kubectl.OutputAsync("apply -f -", token, Manifest);
        var changed = await kubectl.OutputAsync("apply -f -", token, Manifest.Replace("\"1\"", "\"2\"", StringComparison.Ordinal));
        var applied = await kubectl.OutputAsync("apply --server-side --force-conflicts -f -", token, Manifest);
        var value = await kubectl.OutputAsync("get ds nginx-ds -o jsonpath={.spec.template.spec.containers[*].env[*].value}", token);
        var deleted = await kubectl.OutputAsync("delete -f -", token, Manifest);
        await cluster.UntilAsync(_ => cluster.PodsOf("nginx-ds").Count == 0, token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(made, Is.EqualTo("daemonset.apps/nginx-ds created\nservice/nginx-ds created\n"));
            Assert.That(same, Is.EqualTo("daemonset.apps/nginx-ds unchanged\nservice/nginx-ds unchanged\n"));
            Assert.That(changed, Is.EqualTo("daemonset.apps/nginx-ds configured\nservice/nginx-ds unchanged\n"));
            Assert.That(applied, Is.EqualTo("daemonset.apps/nginx-ds serverside-applied\nservice/nginx-ds serverside-applied\n"));
            Assert.That(value, Is.EqualTo("1"));
            Assert.That(deleted, Does.Contain("daemonset.apps \"nginx-ds\" deleted").And.Contain("service \"nginx-ds\" deleted"));
        }
    }

    [Test]
    public async Task Operator_watches_a_rolling_restart(CancellationToken token)
    {
        var (cluster, kubectl) = await StartAsync(token);
        await using var _ = cluster;
        using var __ = kubectl;
        await kubectl.OutputAsync("apply -f -", token, Manifest);
        await kubectl.OutputAsync("rollout status daemonset/nginx-ds --timeout=60s", token);
        var old = cluster.PodsOf("nginx-ds").Select(p => p.NameOf()).ToHashSet();

        // It has shown the Pods that were there and then some that were not.
        var watched = new List<string>();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var watching = kubectl.ReadUntilAsync(
            "get pods --watch",
            line =>
            {
                watched.Add(line);
                if (watched.Count == 4)
                {
                    started.SetResult(); // the heading and the three Pods there are
                }

                return watched.Count(l => l.Contains("Running", StringComparison.Ordinal) && !old.Contains(l.Split(' ')[0])) >= 3;
            },
            token);
        await started.Task.WaitAsync(token);
        await kubectl.OutputAsync("rollout restart daemonset/nginx-ds", token);
        var status = await kubectl.OutputAsync("rollout status daemonset/nginx-ds --timeout=60s", token);
        await watching;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(status, Does.Contain("successfully rolled out"));
            Assert.That(cluster.PodsOf("nginx-ds").Select(p => p.NameOf()), Has.None.AnyOf(old.ToArray<object>()));
            Assert.That(watched, Has.Some.Contains("Terminating"));
        }
    }

    [Test]
    public async Task Operator_drains_a_Node_within_a_budget(CancellationToken token)
    {
        var (cluster, kubectl) = await StartAsync(token);
        await using var _ = cluster;
        using var __ = kubectl;
        await kubectl.OutputAsync("create deployment web --image=nginx --replicas=3", token);
        await kubectl.OutputAsync("apply -f -", token, """
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata: { name: web }
            spec: { minAvailable: 2, selector: { matchLabels: { app: web } } }
            """);
        await kubectl.OutputAsync("rollout status deployment/web --timeout=60s", token);
        await cluster.Plane.SettledAsync(token);
        await kubectl.OutputAsync("drain worker1 --ignore-daemonsets --timeout=60s", token);
        Assert.That(
            cluster.PodsOf("web").Where(p => !p.IsTerminating()).Select(p => p.NodeName()), Has.None.EqualTo("worker1"));
    }

    [Test]
    public async Task Operator_runs_a_command_in_a_Pod(CancellationToken token)
    {
        // kubectl talks WebSockets by itself from 1.31 on, and one that picks its version by the server's picks that.
        var (cluster, kubectl) = await StartAsync(token, new LabControlPlaneOptions { KubernetesVersion = "v1.32.0" });
        await using var _ = cluster;
        using var __ = kubectl;
        cluster.Store.Create(ResourceType.Pod, TestCluster.NewPod("one"));
        await cluster.UntilAsync(ResourceType.Pod, "one", p => p.Text("status", "phase") == "Running", token);
        var (code, output, error) = await kubectl.RunAsync("exec one -- echo a b", token);
        if (error.Contains("SPDY/3.1", StringComparison.Ordinal))
        {
            throw Requires.Missing("kubectl-1.31", "kubectl is older than 1.31 and would need SPDY for exec.");
        }

        var failed = await kubectl.RunAsync("exec one -- exit 7", token);
        var echoed = await kubectl.RunAsync("exec -i one -- cat", token, "in and out");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((code, output, error), Is.EqualTo((0, "one/main: a b\n", "")));
            Assert.That(failed.Code, Is.EqualTo(7));
            Assert.That(failed.Error, Does.Contain("going").And.Contain("exit code 7"));
            Assert.That(echoed.Output, Is.EqualTo("in and out"));
        }
    }

    [Test]
    public async Task Operator_sees_custom_resources_by_short_name_with_their_columns(CancellationToken token)
    {
        var (cluster, kubectl) = await StartAsync(token);
        await using var _ = cluster;
        using var __ = kubectl;
        await kubectl.OutputAsync("apply -f -", token, """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata:
              name: tiers.example.com
            spec:
              group: example.com
              scope: Cluster
              names: { plural: tiers, kind: Tier, shortNames: [tr] }
              versions:
              - name: v1
                served: true
                storage: true
                additionalPrinterColumns:
                - { name: Priority, type: integer, jsonPath: .spec.priority }
            """);
        await kubectl.OutputAsync("apply -f -", token, """
            apiVersion: example.com/v1
            kind: Tier
            metadata: { name: top }
            spec: { priority: 5 }
            """);
        Assert.That(Rows(await kubectl.OutputAsync("get tr", token)), Is.EqualTo((string[][])[["top", "5"]]));
    }

    [Test]
    public async Task Operator_is_told_what_is_wrong(CancellationToken token)
    {
        var (cluster, kubectl) = await StartAsync(token);
        await using var _ = cluster;
        using var __ = kubectl;
        var missing = await kubectl.RunAsync("get pod nobody", token);
        var nowhere = await kubectl.RunAsync("-n nowhere create configmap x", token);
        var broken = await kubectl.RunAsync("apply -f -", token, Manifest.Replace("image: nginx", "image: \"\"", StringComparison.Ordinal));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((missing.Code, missing.Error), Is.EqualTo((1, "Error from server (NotFound): pods \"nobody\" not found\n")));
            Assert.That(nowhere.Error, Does.Contain("namespaces \"nowhere\" not found"));
            Assert.That(broken.Error, Does.Contain("spec.template.spec.containers[0].image"));
        }
    }
}
