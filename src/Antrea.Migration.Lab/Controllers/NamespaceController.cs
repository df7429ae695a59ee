using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>Gives each Namespace its <c>default</c> ServiceAccount, and empties one that is to go before letting it go.</summary>
internal sealed class NamespaceController(ObjectStore store) : IController
{
    public IEnumerable<WorkKey> KeysFor(StoreEvent happened)
    {
        if (happened.Resource == ResourceType.Namespace)
        {
            return [WorkKey.Of(happened)];
        }

        return happened.Resource.Namespaced
            && store.Peek(ResourceType.Namespace, "", happened.Object.NamespaceOf()) is { } space && space.IsTerminating()
            ? [new WorkKey(ResourceType.Namespace, "", space.NameOf())]
            : [];
    }

    public TimeSpan? Reconcile(WorkKey key)
    {
        if (store.Peek(key.Type, "", key.Name) is not { } space)
        {
            return null;
        }

        if (!space.IsTerminating())
        {
            if (store.Peek(ResourceType.ServiceAccount, key.Name, "default") is null)
            {
                store.Create(ResourceType.ServiceAccount, new JsonObject
                {
                    ["metadata"] = new JsonObject { ["name"] = "default", ["namespace"] = key.Name },
                });
            }

            return null;
        }

        if (Contents.Remove(store, type => type.Namespaced, key.Name))
        {
            store.Mutate(key.Type, "", key.Name, obj =>
            {
                obj.Ensure("spec").Remove("finalizers");
                return true;
            });
        }

        return null;
    }
}

/// <summary>Removes the objects of a CustomResourceDefinition that is to go before letting it go.</summary>
internal sealed class DefinitionController(ObjectStore store) : IController
{
    public IEnumerable<WorkKey> KeysFor(StoreEvent happened)
    {
        if (happened.Resource == ResourceType.CustomResourceDefinition)
        {
            return [WorkKey.Of(happened)];
        }

        var name = happened.Resource.QualifiedPlural;
        return store.Peek(ResourceType.CustomResourceDefinition, "", name) is { } definition && definition.IsTerminating()
            ? [new WorkKey(ResourceType.CustomResourceDefinition, "", name)]
            : [];
    }

    public TimeSpan? Reconcile(WorkKey key)
    {
        if (store.Peek(key.Type, "", key.Name) is { } definition && definition.IsTerminating()
            && Contents.Remove(store, type => type.QualifiedPlural == key.Name, null))
        {
            store.Mutate(key.Type, "", key.Name, obj =>
            {
                var finalizers = obj.Texts("metadata", "finalizers").Where(f => f != ObjectDefaults.DefinitionFinalizer);
                obj["metadata"]!["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]);
                return true;
            });
        }

        return null;
    }
}

/// <summary>Deletes many objects, each as its kind wants it.</summary>
internal static class Contents
{
    /// <summary>Marks everything of some kinds for deletion, in one Namespace or all.</summary>
    /// <returns>Whether there is nothing left.</returns>
    public static bool Remove(ObjectStore store, Func<ResourceType, bool> types, string? @namespace)
    {
        var empty = true;
        foreach (var type in store.Types().Where(types))
        {
            foreach (var obj in store.PeekAll(type, @namespace))
            {
                if (!obj.IsTerminating())
                {
                    store.MarkForDeletion(type, obj.NamespaceOf(), obj.NameOf(), DeleteHandler.GraceOf(type, obj, null));
                }

                empty &= store.Peek(type, obj.NamespaceOf(), obj.NameOf()) is null;
            }
        }

        return empty;
    }
}
