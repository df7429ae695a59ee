using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.IntegrationTests.Kind;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.IntegrationTests.Conformance;

/// <summary>Converted policies, given to Kubernetes' own API server with the schemas of Antrea's releases: it refuses what a schema forbids, and drops without
/// a word what a schema lacks.</summary>
[CancelAfter(180_000)]
[NonParallelizable]
internal sealed class StoredPolicyTests
{
    private const string Definitions = "apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string Group = "apis/crd.antrea.io/v1beta1";

    /// <summary>Every shape that the converter writes: selectors, service accounts, names and ranges of ports, ICMP, networks without others, Pass, ends.</summary>
    private const string Cluster =
        """
        {apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {podCIDR: 10.10.0.0/24, podCIDRs: [10.10.0.0/24]}, status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}}
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: IPPool, metadata: {name: pool}, spec: {cidr: 10.10.0.0/16, blockSize: 26}}
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: FelixConfiguration, metadata: {name: default}, spec: {defaultEndpointToHostAction: Accept, iptablesFilterDenyAction: Reject}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: NAMESPACE, labels: {kubernetes.io/metadata.name: NAMESPACE, env: prod}}}
        ---
        {apiVersion: v1, kind: ServiceAccount, metadata: {name: robot, namespace: NAMESPACE, labels: {role: x}}}
        ---
        {apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: NAMESPACE}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: NAMESPACE, labels: {app: web}}, spec: {nodeName: n1, serviceAccountName: robot, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}, status: {phase: Running, podIPs: [{ip: 10.10.1.10}]}}
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: corp, labels: {role: corp}}, spec: {nets: [198.51.100.0/24, 198.51.100.0/25]}}
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: sec}, spec: {order: 10}}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: GlobalNetworkPolicy
        metadata: {name: guard}
        spec:
          tier: sec
          namespaceSelector: env == 'prod'
          types: [Ingress]
          ingress:
          - {action: Deny, source: {selector: role == 'corp', notSelector: has(x)}}
          - {action: Pass, protocol: TCP}
          - {action: Allow, protocol: ICMP, icmp: {type: 8, code: 0}}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: NetworkPolicy
        metadata: {name: web, namespace: NAMESPACE}
        spec:
          order: 1.5
          selector: app in {'web', 'www'} || !has(app)
          types: [Ingress, Egress]
          ingress:
          - {action: Allow, protocol: TCP, source: {notNets: [192.0.2.0/24], ports: ['1024:65535']}, destination: {notPorts: [22, '3000:3010']}}
          - {action: Allow, protocol: TCP, source: {selector: all()}, destination: {ports: [http, 9090]}}
          - {action: Allow, source: {serviceAccounts: {names: [robot]}}, destination: {selector: app == 'web'}}
          egress:
          - {action: Allow, protocol: UDP, destination: {namespaceSelector: has(env), selector: "app not in {'a'} && has(b)", ports: [53]}}
          - {action: Deny, protocol: SCTP, destination: {nets: [198.51.100.0/24], notNets: [198.51.100.7/32]}}
        ---
        {apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {name: robots, namespace: NAMESPACE}, spec: {serviceAccountSelector: role == 'x', types: [Egress], egress: [{action: Allow}]}}
        ---
        {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: old, namespace: NAMESPACE}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: Exists}]}}], ports: [{port: 80, endPort: 90}]}]}}

        """;

    [TestCase("v1.14.0")]
    [TestCase("v2.7.0")]
    public async Task Converted_policies_are_stored_as_they_are(string version, CancellationToken token)
    {
        var definitions = OldServerManifests.AntreaDefinitions(version);
        var space = await ConformanceSpace.NewAsync(ConformancePlane.Real, token);
        var objects = await ConvertAsync(space.Namespace, version, token);
        try
        {
            foreach (var definition in definitions)
            {
                var made = await space.Api.PostAsync(Definitions, definition.Json.ToJsonString());
                Assert.That(made.Code, Is.EqualTo(201), made.Body.ToJsonString());
            }

            foreach (var obj in objects)
            {
                var list = ListOf(obj);
                await space.Api.UntilAsync(list, a => a.Code == 200, token);
                var made = await space.Api.PostAsync(list, obj.ToJsonString());
                Assert.That(made.Code, Is.EqualTo(201), $"{obj}\n{made.Body}");
                Assert.That(JsonObjects.FirstLost(obj["spec"], made.Body["spec"], "spec"), Is.Null, $"{obj}\n{made.Body}");
            }

            Assert.That(objects.Select(o => o.Text("kind")).Distinct(), Is.EquivalentTo(new[] { "Tier", "ClusterNetworkPolicy", "NetworkPolicy" }));
        }
        finally
        {
            foreach (var definition in definitions)
            {
                await space.Api.DeleteAsync($"{Definitions}/{definition.Name}");
                await space.Api.UntilAsync($"{Definitions}/{definition.Name}", a => a.Code == 404, token);
            }
        }
    }

    private static async Task<List<JsonObject>> ConvertAsync(string @namespace, string version, CancellationToken token)
    {
        var folder = Directory.CreateTempSubdirectory("policies-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "cluster.yaml"), Cluster.Replace("NAMESPACE", @namespace, StringComparison.Ordinal), token);
            var conversion = PolicyConverter.Convert(
                await new FolderClusterReader(folder.FullName).ReadAsync(token), new PolicyConversionOptions { CalicoVersion = "v3.32.0", AntreaVersion = version });
            Assert.That(conversion.HasRefusals, Is.False, () => string.Join('\n', conversion.Findings));
            return [.. conversion.Objects];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string ListOf(JsonObject obj) => (obj.Text("kind"), obj.Text("metadata", "namespace")) switch
    {
        ("Tier", _) => $"{Group}/tiers",
        ("ClusterNetworkPolicy", _) => $"{Group}/clusternetworkpolicies",
        (_, var home) => $"{Group}/namespaces/{home}/networkpolicies",
    };
}
