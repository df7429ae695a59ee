using System.Globalization;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>The columns of each kind, as the API server's printers have them; NAME and AGE for kinds without their own.</summary>
internal static class TableColumns
{
    private const string None = "<none>";
    private static readonly TableColumn Name = new("Name", "string", obj => obj.NameOf());

    /// <summary>The columns of a kind.</summary>
    /// <param name="resource">The kind.</param>
    /// <param name="now">Ages are counted up to here.</param>
    public static TableColumn[] Of(ServedResource resource, DateTimeOffset now)
    {
        var age = new TableColumn("Age", "string", obj => Age.Since(obj.At("metadata", "creationTimestamp"), now));
        if (resource.IsCustom)
        {
            return CustomColumns.Of(resource, Name, age, now);
        }

        return (resource.Type.Group, resource.Type.Kind) switch
        {
            ("", "Node") => Nodes(age),
            ("", "Pod") => Pods(age),
            ("", "Service") => Services(age),
            ("apps", "DaemonSet") => DaemonSets(age),
            ("apps", "Deployment") => Deployments(age),
            ("apps", "ReplicaSet") => ReplicaSets(age),
            ("apps", "StatefulSet") => [Name, Fraction("readyReplicas"), age, .. Template(selector: false)],
            ("", "Namespace") => [Name, Text("Status", "status", "phase"), age],
            ("", "ConfigMap") => [Name, new("Data", "string", obj => Count(obj, "data") + Count(obj, "binaryData")), age],
            ("", "Secret") => [Name, Text("Type", "type"), new("Data", "string", obj => Count(obj, "data")), age],
            ("", "ServiceAccount") => [Name, new("Secrets", "string", obj => obj.Items("secrets").Count()), age],
            ("", "Endpoints") => [Name, new("Endpoints", "string", EndpointsText), age],
            ("", "Event") => Events(now),
            ("policy", "PodDisruptionBudget") =>
            [
                Name,
                new("Min Available", "string", obj => Any(obj.At("spec", "minAvailable"), "N/A")),
                new("Max Unavailable", "string", obj => Any(obj.At("spec", "maxUnavailable"), "N/A")),
                Number("Allowed Disruptions", "disruptionsAllowed"),
                age,
            ],
            ("networking.k8s.io", "NetworkPolicy") =>
                [Name, new("Pod-Selector", "string", obj => Labels(obj.Object("spec", "podSelector", "matchLabels"))), age],
            ("coordination.k8s.io", "Lease") => [Name, Text("Holder", "spec", "holderIdentity"), age],
            ("apiextensions.k8s.io", "CustomResourceDefinition") => [Name, Text("Created At", "metadata", "creationTimestamp")],
            _ => [Name, age],
        };
    }

    private static TableColumn[] Nodes(TableColumn age) =>
    [
        Name,
        new("Status", "string", node => NodeStatus(node)),
        new("Roles", "string", node => NodeRoles(node)),
        age,
        Text("Version", "status", "nodeInfo", "kubeletVersion"),
        new("Internal-IP", "string", node => NodeAddress(node, "InternalIP"), 1),
        new("External-IP", "string", node => NodeAddress(node, "ExternalIP"), 1),
        Wide(Text("OS-Image", "status", "nodeInfo", "osImage")),
        Wide(Text("Kernel-Version", "status", "nodeInfo", "kernelVersion")),
        Wide(Text("Container-Runtime", "status", "nodeInfo", "containerRuntimeVersion")),
    ];

    private static TableColumn[] Pods(TableColumn age) =>
    [
        Name,
        new("Ready", "string", pod => PodColumns.Ready(pod)),
        new("Status", "string", pod => PodColumns.Status(pod)),
        new("Restarts", "string", pod => PodColumns.Restarts(pod)),
        age,
        Wide(Text("IP", "status", "podIP")),
        Wide(Text("Node", "spec", "nodeName")),
        Wide(Text("Nominated Node", "status", "nominatedNodeName")),
        new("Readiness Gates", "string", _ => None, 1),
    ];

    private static TableColumn[] Services(TableColumn age) =>
    [
        Name,
        Text("Type", "spec", "type"),
        Text("Cluster-IP", "spec", "clusterIP"),
        new("External-IP", "string", service => ExternalAddress(service)),
        new("Port(s)", "string", service => ServicePorts(service)),
        age,
        new("Selector", "string", service => Labels(service.Object("spec", "selector")), 1),
    ];

    private static TableColumn[] DaemonSets(TableColumn age) =>
    [
        Name,
        Number("Desired", "desiredNumberScheduled"),
        Number("Current", "currentNumberScheduled"),
        Number("Ready", "numberReady"),
        Number("Up-to-date", "updatedNumberScheduled"),
        Number("Available", "numberAvailable"),
        new("Node Selector", "string", set => Labels(set.Object("spec", "template", "spec", "nodeSelector"))),
        age,
        .. Template(selector: true),
    ];

    private static TableColumn[] Deployments(TableColumn age) =>
        [Name, Fraction("readyReplicas"), Number("Up-to-date", "updatedReplicas"), Number("Available", "availableReplicas"), age, .. Template(true)];

    private static TableColumn[] ReplicaSets(TableColumn age) =>
    [
        Name,
        new("Desired", "integer", set => set.Number("spec", "replicas") ?? 0),
        Number("Current", "replicas"),
        Number("Ready", "readyReplicas"),
        age,
        .. Template(selector: true),
    ];

    private static TableColumn[] Events(DateTimeOffset now) =>
    [
        new("Last Seen", "string", e => Age.Since(e["lastTimestamp"] ?? e["eventTime"] ?? e.At("metadata", "creationTimestamp"), now)),
        Text("Type", "type"),
        Text("Reason", "reason"),
        new("Object", "string", e => $"{e.Text("involvedObject", "kind")?.ToLowerInvariant()}/{e.Text("involvedObject", "name")}"),
        Text("Message", "message"),
        Wide(Name),
    ];

    private static TableColumn[] Template(bool selector)
    {
        TableColumn[] columns =
        [
            new("Containers", "string", set => string.Join(',', set.Items("spec", "template", "spec", "containers").Select(c => c.Text("name"))), 1),
            new("Images", "string", set => string.Join(',', set.Items("spec", "template", "spec", "containers").Select(c => c.Text("image"))), 1),
        ];
        return selector ? [.. columns, new("Selector", "string", set => Labels(set.Object("spec", "selector", "matchLabels")), 1)] : columns;
    }

    private static TableColumn Text(string name, params string[] path) =>
        new(name, "string", obj => obj.Text(path) is { Length: > 0 } text ? text : None);

    private static TableColumn Wide(TableColumn column) => column with { Priority = 1 };

    private static TableColumn Number(string name, string field) => new(name, "integer", obj => obj.Number("status", field) ?? 0);

    private static TableColumn Fraction(string field) => new(
        "Ready", "string", obj => string.Create(
            CultureInfo.InvariantCulture, $"{obj.Number("status", field) ?? 0}/{obj.Number("spec", "replicas") ?? 0}"));

    private static int Count(JsonObject obj, string field) => obj.Object(field)?.Count ?? 0;

    private static string Any(JsonNode? node, string missing) => node is null ? missing : node.Text() ?? node.ToJsonString();

    private static string Labels(JsonObject? labels) =>
        labels is { Count: > 0 } ? string.Join(',', labels.Select(e => $"{e.Key}={e.Value.Text()}").Order(StringComparer.Ordinal)) : None;

    private static string NodeStatus(JsonObject node)
    {
        var ready = node.Condition("Ready").Text("status") switch { "True" => "Ready", null => "Unknown", _ => "NotReady" };
        return node.Flag("spec", "unschedulable") ? ready + ",SchedulingDisabled" : ready;
    }

    private static string NodeRoles(JsonObject node)
    {
        const string prefix = "node-role.kubernetes.io/";
        var roles = (node.Object("metadata", "labels") ?? [])
            .Where(e => e.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(e => e.Key[prefix.Length..])
            .Order(StringComparer.Ordinal)
            .ToList();
        return roles.Count > 0 ? string.Join(',', roles) : None;
    }

    private static string NodeAddress(JsonObject node, string type) =>
        node.Items("status", "addresses").FirstOrDefault(a => a.Text("type") == type).Text("address") ?? None;

    private static string ExternalAddress(JsonObject service)
    {
        var addresses = service.Items("status", "loadBalancer", "ingress").Select(i => i.Text("ip") ?? i.Text("hostname"))
            .Concat(service.Texts("spec", "externalIPs"))
            .ToList();
        return (service.Text("spec", "type"), addresses.Count) switch
        {
            ("ExternalName", _) => service.Text("spec", "externalName") ?? None,
            ("LoadBalancer", 0) => "<pending>",
            (_, 0) => None,
            _ => string.Join(',', addresses),
        };
    }

    private static string ServicePorts(JsonObject service)
    {
        var ports = service.Items("spec", "ports").Select(p =>
        {
            var node = p.Number("nodePort") is { } nodePort and > 0 ? $":{nodePort}" : "";
            return $"{p.Number("port")}{node}/{p.Text("protocol") ?? "TCP"}";
        }).ToList();
        return ports.Count > 0 ? string.Join(',', ports) : None;
    }

    private static JsonNode? EndpointsText(JsonObject endpoints)
    {
        var all = endpoints.Items("subsets")
            .SelectMany(s => s.Items("ports").DefaultIfEmpty([]).SelectMany(p => s.Items("addresses")
                .Select(a => p.Number("port") is { } port ? $"{a.Text("ip")}:{port}" : a.Text("ip"))))
            .ToList();
        return all.Count switch
        {
            0 => None,
            <= 3 => string.Join(',', all),
            _ => $"{string.Join(',', all.Take(3))} + {all.Count - 3} more...",
        };
    }
}
