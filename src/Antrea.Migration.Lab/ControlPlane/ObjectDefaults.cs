using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Completes objects as the API server's defaults do, as far as clients and controllers here look at them, and
/// gives Services their ClusterIPs; refuses Pods beyond a quota. Runs inside every write (<see cref="ObjectStore.Admission"/>).</summary>
/// <param name="store">For the ClusterIPs in use and the kinds that are taken.</param>
/// <param name="serviceCidr">Where ClusterIPs come from.</param>
/// <param name="serviceCidr6">Where dual-stack Services' second ones come from; null for nowhere.</param>
internal sealed class ObjectDefaults(ObjectStore store, Cidr serviceCidr, Cidr? serviceCidr6 = null)
{
    /// <summary>Keeps a CustomResourceDefinition until its objects are gone.</summary>
    public const string DefinitionFinalizer = "customresourcecleanup.apiextensions.k8s.io";

    private readonly ServiceAddresses _addresses = new(store, serviceCidr);

    /// <summary>Completes <paramref name="obj"/> in place.</summary>
    /// <param name="type">Its kind.</param>
    /// <param name="obj">The object about to be stored.</param>
    /// <param name="old">What it replaces; null for a creation.</param>
    /// <exception cref="StoreConflictException">Invalid: a ClusterIP that cannot be had. Forbidden: a quota is used up.</exception>
    public void Apply(ResourceType type, JsonObject obj, JsonObject? old)
    {
        switch (type.Group, type.Kind)
        {
            case ("", "Namespace"):
                Namespace(obj, old);
                break;
            case ("", "Pod"):
                if (old is null)
                {
                    PodQuotas.Check(store, obj);
                }

                CompletePodSpec(obj.Ensure("spec"));
                if (old.Text("spec", "nodeName") is { Length: > 0 } node)
                {
                    obj.Ensure("spec").Default("nodeName", node);
                }

                obj.Ensure("status").Default("phase", "Pending");
                obj.Ensure("status").Default("qosClass", "BestEffort");
                break;
            case ("", "Node"):
                obj.Ensure("spec");
                obj.Ensure("metadata").Ensure("labels").Default("kubernetes.io/hostname", obj.NameOf());
                break;
            case ("", "Secret"):
                Secret(obj);
                break;
            case ("", "Service"):
                Service(obj, old);
                break;
            case ("apps", "DaemonSet"):
                DaemonSet(obj.Ensure("spec"));
                break;
            case ("apps", "Deployment"):
                Deployment(obj.Ensure("spec"));
                break;
            case ("apps", "ReplicaSet"):
                obj.Ensure("spec").Default("replicas", 1);
                Template(obj.Ensure("spec"));
                break;
            case ("apps", "StatefulSet"):
                obj.Ensure("spec").Default("replicas", 1);
                obj.Ensure("spec").Default("podManagementPolicy", "OrderedReady");
                obj.Ensure("spec").Ensure("updateStrategy").Default("type", "RollingUpdate");
                Template(obj.Ensure("spec"));
                break;
            case ("batch", "CronJob"):
                obj.Ensure("spec").Default("suspend", false);
                break;
            case ("apiextensions.k8s.io", "CustomResourceDefinition"):
                Definition(obj, old);
                break;
        }
    }

    private static void Namespace(JsonObject obj, JsonObject? old)
    {
        if (old is null)
        {
            obj.Ensure("spec")["finalizers"] = new JsonArray("kubernetes");
        }

        obj.Ensure("metadata").Ensure("labels")["kubernetes.io/metadata.name"] = obj.NameOf();
        obj.Ensure("status")["phase"] = obj.IsTerminating() ? "Terminating" : "Active";
    }

    /// <summary>Completes the spec of a Pod or of a Pod template.</summary>
    public static void CompletePodSpec(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("terminationGracePeriodSeconds", 30);
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("schedulerName", "default-scheduler");
        spec.Default("securityContext", new JsonObject());
        foreach (var container in spec.Items("containers").Concat(spec.Items("initContainers")))
        {
            container.Default("imagePullPolicy", "IfNotPresent");
            container.Default("resources", new JsonObject());
            container.Default("terminationMessagePath", "/dev/termination-log");
            container.Default("terminationMessagePolicy", "File");
            foreach (var port in container.Items("ports"))
            {
                port.Default("protocol", "TCP");
            }
        }
    }

    private static void Template(JsonObject spec)
    {
        if (spec.Object("template", "spec") is { } pod)
        {
            CompletePodSpec(pod);
        }
    }

    /// <summary><c>stringData</c> is for writing only: it ends up in <c>data</c>.</summary>
    private static void Secret(JsonObject obj)
    {
        obj.Default("type", "Opaque");
        foreach (var (key, value) in obj.Object("stringData").Copy() ?? [])
        {
            obj.Ensure("data")[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value.Text() ?? ""));
        }

        obj.Remove("stringData");
    }

    private static void DaemonSet(JsonObject spec)
    {
        spec.Default("revisionHistoryLimit", 10);
        var strategy = spec.Ensure("updateStrategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.Ensure("rollingUpdate").Default("maxUnavailable", 1);
            strategy.Ensure("rollingUpdate").Default("maxSurge", 0);
        }

        Template(spec);
    }

    private static void Deployment(JsonObject spec)
    {
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("progressDeadlineSeconds", 600);
        var strategy = spec.Ensure("strategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.Ensure("rollingUpdate").Default("maxUnavailable", "25%");
            strategy.Ensure("rollingUpdate").Default("maxSurge", "25%");
        }

        Template(spec);
    }

    private void Service(JsonObject obj, JsonObject? old)
    {
        var spec = obj.Ensure("spec");
        spec.Default("type", "ClusterIP");
        spec.Default("sessionAffinity", "None");
        foreach (var port in spec.Items("ports"))
        {
            port.Default("protocol", "TCP");
            port.Default("targetPort", port["port"]?.DeepClone() ?? 0);
        }

        if (spec.Text("type") == "ExternalName")
        {
            return;
        }

        if (old.Text("spec", "clusterIP") is { Length: > 0 } kept)
        {
            spec.Default("clusterIP", kept);
        }

        if (spec.Text("clusterIP") is null or "")
        {
            spec["clusterIP"] = _addresses.Next();
        }
        else if (spec.Text("clusterIP") is var wanted and not "None" && wanted != old.Text("spec", "clusterIP"))
        {
            _addresses.Check(obj, wanted!);
        }

        spec["clusterIPs"] = new JsonArray(spec["clusterIP"]!.DeepClone());
        if (serviceCidr6 is { } second && spec.Text("ipFamilyPolicy") is "PreferDualStack" or "RequireDualStack"
            && IPAddress.TryParse(spec.Text("clusterIP"), out var first))
        {
            spec["clusterIPs"]!.AsArray().Add((JsonNode)second.AddressAt(serviceCidr.IndexOf(first)).ToString());
            spec.Default("ipFamilies", new JsonArray("IPv4", "IPv6"));
        }

        spec.Default("ipFamilies", new JsonArray(serviceCidr.IsIPv6 ? "IPv6" : "IPv4"));
        spec.Default("ipFamilyPolicy", "SingleStack");
        spec.Default("internalTrafficPolicy", "Cluster");
    }

    /// <summary>A definition is accepted and established as soon as it is stored.</summary>
    private void Definition(JsonObject obj, JsonObject? old)
    {
        var spec = obj.Ensure("spec");
        var names = spec.Ensure("names");
        names.Default("singular", (names.Text("kind") ?? "").ToLowerInvariant());
        names.Default("listKind", names.Text("kind") + "List");
        spec.Ensure("conversion").Default("strategy", "None");
        if (old is null)
        {
            var metadata = obj.Ensure("metadata");
            var finalizers = metadata["finalizers"] as JsonArray ?? [];
            metadata["finalizers"] = new JsonArray([.. finalizers.Select(f => f?.DeepClone()), DefinitionFinalizer]);
        }

        var status = obj.Ensure("status");
        status["acceptedNames"] = names.DeepClone();
        status.SetCondition("NamesAccepted", true, "NoConflicts", "no conflicts found", store.Now);
        status.SetCondition("Established", true, "InitialNamesAccepted", "the initial names have been accepted", store.Now);
        var storage = spec.Items("versions").FirstOrDefault(v => v.Flag("storage")).Text("name") ?? "";
        var stored = status.Texts("storedVersions").ToList();
        status["storedVersions"] = new JsonArray([.. stored.Union([storage]).Select(v => (JsonNode)v)]);
    }
}
