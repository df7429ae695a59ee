namespace Antrea.Migrator.Tests;

/// <summary>Two Nodes, <c>a</c> and <c>b</c>, as kubectl prints them, and one block of <c>b</c>: the smallest cluster with an answer.</summary>
internal static class SmallCluster
{
    /// <param name="block">The CIDR of b's block.</param>
    /// <param name="podCidr">b's PodCIDR; null leaves it out. a's is 10.10.0.0/24.</param>
    public static string Text(string block = "10.10.200.64/26", string? podCidr = "10.10.1.0/24") =>
        $$"""
        apiVersion: v1
        kind: Node
        metadata: {name: a}
        spec: {podCIDR: 10.10.0.0/24, podCIDRs: [10.10.0.0/24]}
        status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}
        ---
        apiVersion: v1
        kind: Node
        metadata: {name: b}
        spec: { {{(podCidr is null ? "" : $"podCIDR: {podCidr}, podCIDRs: [{podCidr}]")}} }
        status: {addresses: [{type: InternalIP, address: 172.18.0.3}]}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: IPPool
        metadata: {name: default-ipv4-ippool}
        spec: {cidr: 10.10.0.0/16, ipipMode: Always, natOutgoing: true}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: IPAMBlock
        metadata: {name: block-b}
        spec: {cidr: {{block}}, affinity: "host:b", allocations: [], attributes: [], deleted: false}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: kubernetes, namespace: default}
        spec: {clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1], ports: [{port: 443}]}

        """;
}
