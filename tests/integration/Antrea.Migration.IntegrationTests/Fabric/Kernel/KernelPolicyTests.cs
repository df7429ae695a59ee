using System.Net;
using Antrea.Migration.Execution;
using Antrea.Migration.IntegrationTests.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>Policies in the kernel: every pair of Pods, on every port, gets through exactly where the walk says that policies let it, first under Calico, then
/// under Antrea.</summary>
[TestFixture]
[Category("Kernel")]
internal sealed class KernelPolicyTests
{
    /// <summary>Selectors, Namespaces, ports and ranges, both directions, an order that decides. Not in it: Pass, several tiers, and a Reject.</summary>
    private static readonly string Objects =
        """
        {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {env: prod}}}
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: far, labels: {role: far}}, spec: {nets: [198.51.100.0/24]}}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: GlobalNetworkPolicy
        metadata: {name: default.first}
        spec:
          order: 5
          selector: app == 'c'
          types: [Ingress]
          ingress:
          - {action: Deny, source: {selector: app == 'a'}}
          - {action: Allow, protocol: TCP, source: {namespaceSelector: env == 'prod'}, destination: {ports: ['8000:8100']}}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: NetworkPolicy
        metadata: {name: default.second, namespace: default}
        spec:
          order: 10
          selector: app in {'c', 'd'}
          types: [Ingress]
          ingress:
          - {action: Allow, protocol: TCP, source: {selector: "app in {'a', 'b'}"}, destination: {ports: [80]}}
          - {action: Allow, protocol: TCP, source: {nets: [198.51.100.0/24]}}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: NetworkPolicy
        metadata: {name: default.out, namespace: default}
        spec:
          order: 20
          selector: app == 'b'
          types: [Egress]
          egress:
          - {action: Deny, protocol: TCP, destination: {selector: app == 'd'}}
          - {action: Allow}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: kube, namespace: shop}
        spec:
          podSelector: {}
          policyTypes: [Ingress]
          ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}, podSelector: {matchLabels: {app: b}}}], ports: [{port: 80, endPort: 90, protocol: TCP}]}]

        """ + DaemonSet("default", "a") + DaemonSet("default", "b") + DaemonSet("default", "c") + DaemonSet("default", "d") + DaemonSet("shop", "s");

    private static readonly int[] Ports = [80, 8080];

    [SetUp]
    public Task Needs_namespaces() => Requires.KernelFabricAsync(CancellationToken.None);

    [Test]
    [CancelAfter(600_000)]
    public async Task Policies_hold_in_the_kernel_as_they_hold_in_the_model(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(
            cancellationToken,
            new LabClusterOptions { Name = "c2a0", Workers = 2, Fabric = LabFabricKind.Kernel, ExtraObjects = Objects },
            BridgeKind.PolicyRoute);
        var calico = await CompareAsync(migration.Lab, cancellationToken);
        migration.Options = migration.Options with { PolicyMode = PolicyMode.Strict };
        var plan = await migration.PlanAsync(cancellationToken);
        Assert.That(plan.IsExecutable, string.Join('\n', plan.Findings.Take(3)));

        var events = await migration.ExecuteAsync(plan, cancellationToken);

        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), events[^1].ToString());
        var antrea = await CompareAsync(migration.Lab, cancellationToken);
        TestContext.Out.WriteLine($"Calico: {calico.Pairs} connections, {calico.Denied} of them denied; Antrea: {antrea.Pairs}, {antrea.Denied}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(calico.Differences, Is.Empty);
            Assert.That(antrea.Differences, Is.Empty);
            Assert.That(new[] { calico.Denied, antrea.Denied }, Has.All.GreaterThan(20));
            Assert.That(new[] { calico.Pairs - calico.Denied, antrea.Pairs - antrea.Denied }, Has.All.GreaterThan(20));
        }
    }

    private static async Task<(int Pairs, int Denied, IReadOnlyList<string> Differences)> CompareAsync(LabCluster lab, CancellationToken cancellationToken)
    {
        await lab.SettledAsync(cancellationToken);
        var pods = lab.Store.PeekAll(ResourceType.Pod)
            .Where(p => p["metadata"]!["labels"]?["app"]?.ToString() is "a" or "b" or "c" or "d" or "s" && p.ConditionIsTrue("Ready") && !p.IsTerminating())
            .Select(p => (Netns: lab.Fabric.Find($"{p.NamespaceOf()}/{p.NameOf()}")!, Address: IPAddress.Parse(p.Text("status", "podIP")!))).ToList();
        var pairs = pods.SelectMany(from => pods.Where(to => to != from).SelectMany(to => Ports.Select(port => (from.Netns, To: to, port)))).ToList();
        List<string> differences = [];
        var denied = 0;
        await Parallel.ForEachAsync(pairs, new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = cancellationToken }, async (pair, token) =>
        {
            var walked = lab.Fabric.Connect(pair.Netns, pair.To.Address, pair.port, TransportProtocol.Tcp, pair.To.Netns);
            var probe = await lab.Kernel!.ProbeAsync(pair.Netns, pair.To.Address, pair.port, KernelProbing.Patience, token);
            if (probe.Outcome != walked.Outcome)
            {
                probe = await KernelProbing.ProbeAgainAsync(lab.Kernel, pair.Netns, pair.To.Address, pair.port, token);
            }

            lock (differences)
            {
                denied += walked.Outcome == ConnectionOutcome.Delivered ? 0 : 1;
                if (probe.Outcome != walked.Outcome)
                {
                    differences.Add($"{pair.Netns.Name} -> {pair.To.Netns.Name} {pair.To.Address}:{pair.port}: kernel {probe}, walk {walked}");
                }
            }
        });
        return (pairs.Count, denied, differences);
    }

    private static string DaemonSet(string podNamespace, string name) =>
        $$$"""
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: {{{name}}}, namespace: {{{podNamespace}}}}
        spec:
          selector: {matchLabels: {app: {{{name}}} }}
          template:
            metadata: {labels: {app: {{{name}}} }}
            spec: {containers: [{name: main, image: "nginx:1.25", ports: [{containerPort: 80}, {containerPort: 8080}]}]}

        """;
}
