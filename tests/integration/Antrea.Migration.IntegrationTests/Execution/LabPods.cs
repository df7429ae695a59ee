using System.Net;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>A Pod of a lab that is ready, and what it is on.</summary>
internal sealed record LabPod(string Workload, string Node, string Kind, IPAddress Address, PodNetns Netns);

/// <summary>The Pods of Namespace default, for tests that connect from one to another.</summary>
internal static class LabPods
{
    /// <summary>A Service <c>nginx-closed</c> of the seed's nginx, by a port on which that listens and which its policy leaves out.</summary>
    public const string ClosedService =
        """
        {apiVersion: v1, kind: Service, metadata: {name: nginx-closed, namespace: default}, spec: {selector: {app: nginx-ds}, ports: [{port: 9090, protocol: TCP, targetPort: 9090}]}}

        """;

    /// <summary>Those that are ready and do not end; their workload is their label <c>app</c>.</summary>
    public static List<LabPod> Ready(LabCluster lab) =>
    [
        .. lab.Store.PeekAll(ResourceType.Pod, "default")
            .Where(p => p.ConditionIsTrue("Ready") && !p.IsTerminating())
            .Select(p => (Pod: p, Node: p.Text("spec", "nodeName")!, Netns: lab.Fabric.Find($"default/{p.NameOf()}") as PodNetns))
            .Where(p => p.Netns is not null)
            .Select(p => (p.Pod, p.Node, Netns: p.Netns!))
            .Select(p => new LabPod(
                p.Pod["metadata"]!["labels"]!["app"]!.GetValue<string>(),
                p.Node,
                KindOf(p.Netns, lab.Fleet.Find(p.Node)!.Host),
                IPAddress.Parse(p.Pod.Text("status", "podIP")!),
                p.Netns)),
    ];

    /// <summary>A DaemonSet of one container with port 80, and others.</summary>
    public static string DaemonSet(string name, string image, string? node = null, params int[] otherPorts) =>
        $$$"""
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: {{{name}}}, namespace: default}
        spec:
          selector: {matchLabels: {app: {{{name}}} }}
          template:
            metadata: {labels: {app: {{{name}}} }}
            spec: {{{{(node is null ? "" : $"nodeSelector: {{kubernetes.io/hostname: {node}}}, ")}}}containers: [{name: main, image: "{{{image}}}", ports: [{containerPort: 80}{{{string.Concat(otherPorts.Select(p => $", {{containerPort: {p}}}"))}}}]}]}

        """;

    private static string KindOf(PodNetns netns, HostNetns host) =>
        netns.State.Interfaces.Length > 1 ? "Multus" : host.State.Ovs is { } ovs && ovs.State.Ports.Values.Any(p => ReferenceEquals(p.Pod, netns)) ? "Antrea" : "Calico";
}
