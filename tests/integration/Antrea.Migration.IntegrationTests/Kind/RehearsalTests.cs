using System.Text.Json.Nodes;
using Antrea.Migration.IntegrationTests.Containers;
using Antrea.Migration.Kind;
using Antrea.Migrator;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>The rehearsal as a user starts it: one command from nothing to nothing.</summary>
[Category("Kind")]
public sealed class RehearsalTests
{
    [TestCase("small-overlap", 3, "SmallOverlap", "reschedule")]
    [TestCase("simple", 2, "Simple", "in-place")]
    [CancelAfter(900_000)]
    public async Task Operator_rehearses_on_a_cluster_made_for_it_and_nothing_is_left(
        string scenario, int workers, string planned, string restart, CancellationToken cancellationToken)
    {
        Requires.Asked("scenarios", "a rehearsal takes minutes");
        await RehearseAsync(
            _ => ["--scenario", scenario, "--workers", $"{workers}", "--restart", restart],
            (json, told) =>
            {
                Assert.That((json["result"]!.ToString(), json["scenario"]!.ToString()), Is.EqualTo(("Succeeded", planned)));
                Assert.That(json["pods"]!["antrea"]!.GetValue<int>(), Is.EqualTo(json["pods"]!["total"]!.GetValue<int>()).And.Positive);
                Assert.That(json["flows"]!.AsArray().Select(f => f!["total"]!.GetValue<long>() - f["failure"]!.GetValue<long>()), Has.All.Positive);
                if (restart == "in-place")
                {
                    Assert.That(json["flows"]!.AsArray().Select(f => f!["failure"]!.GetValue<long>()), Has.All.Zero, "a server is out of its Services before its sandbox ends");
                }
            },
            cancellationToken);
    }

    /// <summary>The image of eng/node-agent.sh is the DaemonSet's, the canaries' and the probe Pods'.</summary>
    [Test]
    [CancelAfter(1_800_000)]
    public async Task Operator_rehearses_with_the_node_agents_own_image(CancellationToken cancellationToken)
    {
        Requires.Asked("scenarios", "a rehearsal takes minutes");
        await DockerTier.RequireAsync();
        await NodeAgentImage.MakeAsync(cancellationToken);
        try
        {
            await RehearseAsync(
                _ => ["--workers", "2", "--load", NodeAgentImage.Tag],
                (json, told) =>
                {
                    Assert.That((json["result"]!.ToString(), json["scenario"]!.ToString()), Is.EqualTo(("Succeeded", "Simple")));
                    Assert.That(json["flows"]!.AsArray().Select(f => f!["total"]!.GetValue<long>() - f["failure"]!.GetValue<long>()), Has.All.Positive);
                },
                cancellationToken,
                agent: NodeAgentImage.Tag);
        }
        finally
        {
            await NodeAgentImage.RemoveAsync(CancellationToken.None);
        }
    }

    /// <summary>Where the internet is: Calico, Antrea and Multus themselves, and kind's own Node image.</summary>
    [TestCase("simple", 2, "Simple", "multus")]
    [TestCase("simple", 2, "Simple", "policy-route")]
    [TestCase("small-overlap", 3, "SmallOverlap", "multus")]
    [TestCase("most-overlap", 2, "MostOverlap", "multus")]
    [CancelAfter(1_800_000)]
    public async Task Operator_rehearses_with_the_projects_own_images(
        string scenario, int workers, string planned, string bridge, CancellationToken cancellationToken)
    {
        Requires.Asked("cnis", "the projects' images have to be pulled");
        await Requires.DockerAsync();
        await Requires.KindAsync();
        await RunAsync(
            _ => ["--scenario", scenario, "--workers", $"{workers}", "--bridge", bridge],
            (json, told) => Assert.That((json["result"]!.ToString(), json["scenario"]!.ToString()), Is.EqualTo(("Succeeded", planned))),
            cancellationToken);
    }

    /// <summary>As root, with the images in Podman: <c>docker save IMAGE… | podman load</c>.</summary>
    [Test]
    [CancelAfter(900_000)]
    public async Task Operator_rehearses_with_Podman_instead_of_Docker(CancellationToken cancellationToken)
    {
        Requires.Asked("podman", "few machines have Podman and the images in it");
        await RehearseAsync(
            _ => ["--workers", "1"],
            (json, told) => Assert.That((json["result"]!.ToString(), json["scenario"]!.ToString()), Is.EqualTo(("Succeeded", "Simple"))),
            cancellationToken,
            KindProvider.Podman);
        Assert.That((await new KindTool(KindProvider.Podman).GetClustersAsync(cancellationToken)).Where(RunName.IsOfThisProcess), Is.Empty);
    }

    /// <summary>A snapshot of three Nodes: one's block in another's PodCIDR, another's in its own, a policy, a workload.</summary>
    [Test]
    [CancelAfter(900_000)]
    public async Task Operator_rehearses_on_a_cluster_like_the_one_that_is_to_be_migrated(CancellationToken cancellationToken)
    {
        Requires.Asked("scenarios", "a rehearsal takes minutes");
        await RehearseAsync(
            folder =>
            {
                var snapshot = Path.Combine(folder, "theirs.yaml");
                File.WriteAllText(snapshot, TheirCluster);
                return ["--like", snapshot, "--policy-mode", "strict"];
            },
            (json, told) =>
            {
                Assert.That((json["result"]!.ToString(), json["scenario"]!.ToString()), Is.EqualTo(("Succeeded", "MostOverlap")));
                Assert.That(told, Does.Contain("-worker is a, PodCIDR 10.20.5.0/24, blocks 10.20.6.0/26"));
                Assert.That(told, Does.Contain("-worker2 is b, PodCIDR 10.20.6.0/24, blocks 10.20.6.64/26"));
                Assert.That(json["pods"]!["antrea"]!.GetValue<int>(), Is.EqualTo(json["pods"]!["total"]!.GetValue<int>()).And.AtLeast(6), "two of web's, two servers, client, probes");
            },
            cancellationToken);
    }

    /// <summary>Rehearses with stand-ins, as a machine without the internet needs it.</summary>
    /// <param name="options">More options; gets a folder that is deleted in the end.</param>
    /// <param name="check">Gets the report and what was printed.</param>
    /// <param name="cancellationToken">Interrupts the command.</param>
    /// <param name="provider">What runs the Nodes.</param>
    /// <param name="agent">The image of the node agent and the probe Pods; by default the stand-ins'.</param>
    private static async Task RehearseAsync(
        Func<string, string[]> options,
        Action<JsonNode, string> check,
        CancellationToken cancellationToken,
        KindProvider provider = KindProvider.Docker,
        string? agent = null)
    {
        await Requires.DockerAsync();
        await Requires.KindAsync();
        StandInImages.Require();
        OldServerManifests.Require();
        var host = provider == KindProvider.Podman ? "localhost/" : "";
        var image = host + StandInImages.Base;
        await RunAsync(
            folder =>
            {
                OldServerManifests.WriteTo(folder);
                return
                [
                    "--provider", provider.ToString().ToLowerInvariant(), "--manifests", folder, "--node-image", host + StandInImages.Node, "--workload-image", image,
                    "--probe-image", agent ?? image, "--node-agent-image", agent ?? image, "--antrea-version", "v2.7.0",
                    .. options(folder),
                    .. StandInImages.All.SelectMany(i => (string[])["--load", $"{host}{i.Image}={i.Name}"]),
                ];
            },
            check,
            cancellationToken);
    }

    /// <summary>Runs the command, looks at its report, and for what is left.</summary>
    private static async Task RunAsync(Func<string, string[]> options, Action<JsonNode, string> check, CancellationToken cancellationToken)
    {
        var name = RunName.New();
        var folder = Directory.CreateTempSubdirectory("rehearsal-");
        var left = await KindLeftovers.LookAsync(name, cancellationToken);
        try
        {
            var report = Path.Combine(folder.FullName, "report.json");
            await using var told = new StringWriter();
            var exitCode = await MigratorApp.RunAsync(
                ["migrate", "--kind", "--name", name, "--report", report, .. options(folder.FullName)], told, told, cancellationToken);

            TestContext.Progress.WriteLine(told.ToString());
            Assert.That(exitCode, Is.Zero, told.ToString());
            var json = JsonNode.Parse(await File.ReadAllTextAsync(report, cancellationToken))!;
            using (Assert.EnterMultipleScope())
            {
                check(json, told.ToString());
            }

            File.Delete(report);
            await left.AssertNoneAsync(cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private const string TheirCluster =
        """
        {apiVersion: v1, kind: Node, metadata: {name: m, labels: {node-role.kubernetes.io/control-plane: ""} }, spec: {podCIDRs: [10.20.9.0/24]} }
        ---
        {apiVersion: v1, kind: Node, metadata: {name: a, labels: {zone: east} }, spec: {podCIDRs: [10.20.5.0/24]} }
        ---
        {apiVersion: v1, kind: Node, metadata: {name: b, labels: {zone: west} }, spec: {podCIDRs: [10.20.6.0/24]} }
        ---
        {apiVersion: v1, kind: ConfigMap, metadata: {name: kubeadm-config, namespace: kube-system}, data: {ClusterConfiguration: "networking: {podSubnet: 10.20.0.0/16, serviceSubnet: 10.97.0.0/16}"} }
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: IPPool, metadata: {name: theirs}, spec: {cidr: 10.20.0.0/16, blockSize: 26, ipipMode: Always, natOutgoing: true} }
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: IPAMBlock, metadata: {name: 10-20-6-0-26}, spec: {cidr: 10.20.6.0/26, affinity: 'host:a', allocations: [], attributes: [], unallocated: []} }
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: IPAMBlock, metadata: {name: 10-20-6-64-26}, spec: {cidr: 10.20.6.64/26, affinity: 'host:b', allocations: [], attributes: [], unallocated: []} }
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: red} } }
        ---
        {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: shop}, spec: {podSelector: {matchLabels: {app: web} }, ingress: [{from: [{podSelector: {} }]}], policyTypes: [Ingress]} }
        ---
        {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {clusterIP: 10.97.3.4, selector: {app: web}, ports: [{port: 80, targetPort: http}]} }
        ---
        {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {replicas: 9, selector: {matchLabels: {app: web} }, template: {metadata: {labels: {app: web} }, spec: {containers: [{name: web, image: theirs, ports: [{name: http, containerPort: 8080}]}]} } } }
        """;

    [Test]
    [CancelAfter(300_000)]
    public async Task A_rehearsal_that_is_interrupted_while_its_Nodes_start_leaves_nothing(CancellationToken cancellationToken)
    {
        await Requires.DockerAsync();
        await Requires.KindAsync();
        OldServerManifests.Require();
        var name = RunName.New();
        var folder = Directory.CreateTempSubdirectory("rehearsal-");
        var left = await KindLeftovers.LookAsync(name, cancellationToken);
        try
        {
            OldServerManifests.WriteTo(folder.FullName);
            using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await using var told = new StringWriter();
            string[] arguments = ["migrate", "--kind", "--name", name, "--workers", "1", "--manifests", folder.FullName, "--node-image", StandInImages.Node];
            var rehearsing = Task.Run(() => MigratorApp.RunAsync(arguments, told, told, interrupt.Token), cancellationToken);
            while (await KindLeftovers.ContainersAsync(name, cancellationToken) is [] && !rehearsing.IsCompleted)
            {
                await Task.Delay(200, cancellationToken);
            }

            await interrupt.CancelAsync();

            Assert.That(await rehearsing, Is.EqualTo(ExitCodes.Interrupted), told.ToString());
            await left.AssertNoneAsync(cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
