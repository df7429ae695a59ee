using System.Net;
using Antrea.Migration.Execution;
using Antrea.Migration.IntegrationTests.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>Policies in the kernel: every pair of Pods, on every port, gets through exactly where the walk says that policies let it, first under Calico, then
/// under Antrea.</summary>
[TestFixture]
[Category("Kernel")]
internal sealed class KernelPolicyTests
{
    /// <summary>Selectors, Namespaces, ports and ranges, both directions, an order that decides; denials without an answer.</summary>
    private static readonly string OneTier =
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

    /// <summary>A tier before the default one, with a Pass into it and one out of the last, denials by rules and by a tier's end; all are answered.</summary>
    private static readonly string TwoTiers =
        """
        {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {env: prod}}}
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: FelixConfiguration, metadata: {name: default}, spec: {defaultEndpointToHostAction: Accept, iptablesFilterDenyAction: Reject}}
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: sec}, spec: {order: 10}}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: GlobalNetworkPolicy
        metadata: {name: sec.first}
        spec:
          tier: sec
          order: 1
          selector: app in {'c', 'd'}
          types: [Ingress]
          ingress:
          - {action: Deny, protocol: TCP, source: {selector: app == 'a'}, destination: {ports: [8080]}}
          - {action: Pass, source: {selector: "app in {'a', 'b'}"}}
          - {action: Allow, protocol: TCP, source: {namespaceSelector: env == 'prod'}, destination: {ports: [80]}}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: GlobalNetworkPolicy
        metadata: {name: sec.out}
        spec:
          tier: sec
          order: 2
          selector: app == 'b'
          types: [Egress]
          egress:
          - {action: Deny, protocol: TCP, destination: {selector: app == 's', ports: [80]}}
          - {action: Pass}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: NetworkPolicy
        metadata: {name: default.second, namespace: default}
        spec:
          order: 10
          selector: app == 'c'
          types: [Ingress]
          ingress:
          - {action: Allow, protocol: TCP, source: {selector: app == 'a'}, destination: {ports: [80]}}
          - {action: Pass, protocol: TCP, source: {selector: app == 'b'}, destination: {ports: [8080]}}

        """ + DaemonSet("default", "a") + DaemonSet("default", "b") + DaemonSet("default", "c") + DaemonSet("default", "d") + DaemonSet("shop", "s");

    private static readonly int[] Ports = [80, 8080];

    [SetUp]
    public Task Needs_namespaces() => Requires.KernelFabricAsync(CancellationToken.None);

    [TestCase(false, TestName = "Policies of one tier hold in the kernel as they hold in the model")]
    [TestCase(true, TestName = "Policies of two tiers hold in the kernel as they hold in the model, and answer what they deny")]
    [CancelAfter(600_000)]
    public async Task Policies_hold_in_the_kernel_as_they_hold_in_the_model(bool isTiered, CancellationToken cancellationToken)
    {
        var objects = isTiered ? CrdText.Of("crd.projectcalico.org", "v1", "Tier", "tiers") + TwoTiers : OneTier;
        await using var migration = await LabMigration.StartAsync(
            cancellationToken,
            new LabClusterOptions { Name = "c2a0", Workers = 2, Fabric = LabFabricKind.Kernel, ExtraObjects = objects },
            BridgeKind.PolicyRoute);
        var calico = await CompareAsync(migration.Lab, cancellationToken);
        migration.Options = migration.Options with { PolicyMode = PolicyMode.Strict };
        var plan = await migration.PlanAsync(cancellationToken);
        Assert.That(plan.IsExecutable, string.Join('\n', plan.Findings.Take(3)));

        var events = await migration.ExecuteAsync(plan, cancellationToken);

        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), events[^1].ToString());
        var antrea = await CompareAsync(migration.Lab, cancellationToken);
        TestContext.Out.WriteLine($"Calico: {calico}\nAntrea: {antrea}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(calico.Differences, Is.Empty);
            Assert.That(antrea.Differences, Is.Empty);
            Assert.That(new[] { calico.Denied, antrea.Denied }, Has.All.GreaterThan(20));
            Assert.That(new[] { calico.Answered, antrea.Answered }, isTiered ? Has.All.GreaterThan(20) : Has.All.Zero);
            Assert.That(new[] { calico.Pairs - calico.Denied, antrea.Pairs - antrea.Denied }, Has.All.GreaterThan(20));
        }
    }

    private static async Task<Comparison> CompareAsync(LabCluster lab, CancellationToken cancellationToken)
    {
        await lab.SettledAsync(cancellationToken);
        var pods = lab.Store.PeekAll(ResourceType.Pod)
            .Where(p => p["metadata"]!["labels"]?["app"]?.ToString() is "a" or "b" or "c" or "d" or "s" && p.ConditionIsTrue("Ready") && !p.IsTerminating())
            .Select(p => (Netns: lab.Fabric.Find($"{p.NamespaceOf()}/{p.NameOf()}")!, Address: IPAddress.Parse(p.Text("status", "podIP")!))).ToList();
        var pairs = pods.SelectMany(from => pods.Where(to => to != from).SelectMany(to => Ports.Select(port => (from.Netns, To: to, port)))).ToList();
        List<string> differences = [];
        var (denied, answered) = (0, 0);
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
                answered += walked.Outcome == ConnectionOutcome.Refused ? 1 : 0;
                if (probe.Outcome != walked.Outcome)
                {
                    differences.Add($"{pair.Netns.Name} -> {pair.To.Netns.Name} {pair.To.Address}:{pair.port}: kernel {probe}, walk {walked}");
                }
            }
        });
        return new Comparison(pairs.Count, denied, answered, differences);
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

    private sealed record Comparison(int Pairs, int Denied, int Answered, IReadOnlyList<string> Differences)
    {
        public override string ToString() => $"{Pairs} connections, {Denied} of them denied, {Answered} of those with an answer, {Differences.Count} differences";
    }
}
