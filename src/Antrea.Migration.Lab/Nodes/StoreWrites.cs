using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>Writes that a program does whatever is there already.</summary>
internal static class StoreWrites
{
    /// <summary>Creates an object, or replaces everything but metadata (and status, unless given) of the one that is there.</summary>
    public static void CreateOrReplace(this IObjectStore store, ResourceType type, JsonObject obj)
    {
        while (true)
        {
            var found = false;
            store.Mutate(type, obj.NamespaceOf(), obj.NameOf(), old =>
            {
                found = true;
                foreach (var field in old.Select(f => f.Key).Where(f => f is not ("metadata" or "apiVersion" or "kind") && (f != "status" || obj.ContainsKey(f))).ToList())
                {
                    old.Remove(field);
                }

                foreach (var (field, value) in obj.Where(f => f.Key is not ("metadata" or "apiVersion" or "kind")))
                {
                    old[field] = value?.DeepClone();
                }

                return true;
            });
            if (found || store.CreateMissing(type, obj))
            {
                return;
            }
        }
    }

    /// <summary>Creates an object; false when there is one of that name.</summary>
    public static bool CreateMissing(this IObjectStore store, ResourceType type, JsonObject obj)
    {
        try
        {
            store.Create(type, obj);
            return true;
        }
        catch (StoreConflictException e) when (e.Reason == "AlreadyExists")
        {
            return false;
        }
    }
}
